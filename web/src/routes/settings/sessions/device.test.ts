import { describe, expect, it } from 'vitest';
import { deviceOf, platformOf } from './device';

const GECKO = 'AppleWebKit/537.36 (KHTML, like Gecko)';

describe('the device of a session', () => {
  it.each([
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${GECKO} Chrome/130.0.0.0 Safari/537.36`, 'Chrome', 'Windows'],
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${GECKO} Chrome/130.0.0.0 Safari/537.36 Edg/130.0`, 'Edge', 'Windows'],
    [`Mozilla/5.0 (X11; Linux x86_64) ${GECKO} HeadlessChrome/156.0.0.0 Safari/537.36`, 'Chrome', 'Linux'],
    [`Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${GECKO} Chrome/130.0.0.0 Safari/537.36`, 'Chrome', 'ChromeOS'],
    [`Mozilla/5.0 (Linux; Android 10; K) ${GECKO} Chrome/130.0.0.0 Mobile Safari/537.36`, 'Chrome', 'Android'],
    [
      `Mozilla/5.0 (Linux; Android 14; SM-S921B) ${GECKO} SamsungBrowser/26.0 Chrome/122.0 Mobile Safari/537.36`,
      'Samsung Internet',
      'Android',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
      'Safari',
      'iPhone',
    ],
    [
      'Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/130.0 Mobile/15E148 Safari/604.1',
      'Chrome',
      'iPad',
    ],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15',
      'Safari',
      'macOS',
    ],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0', 'Firefox', 'Linux'],
  ])('reads %s', (agent, browser, system) => {
    expect(deviceOf(agent)).toEqual({ browser, system });
  });

  it('reads a browser that was cut off', () => {
    expect(deviceOf('Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Ma')).toEqual({
      browser: undefined,
      system: 'iPhone',
    });
  });

  it.each([
    ['curl/7.88.1', 'curl'],
    ['python-urllib3/2.8.0', 'python-urllib3'],
  ])('names the program %s', (agent, program) => {
    expect(deviceOf(agent)).toEqual({ program });
  });

  it.each([null, '', 'Mozilla/5.0'])('knows nothing of %j', (agent) => {
    expect(deviceOf(agent)).toEqual({});
  });

  it.each([
    ['iPhone', 'ios'],
    ['iPad', 'ios'],
    ['Android', 'android'],
    ['Windows', 'web'],
    [undefined, 'web'],
  ])('has %s for a device of kind %s', (system, platform) => {
    expect(platformOf({ system })).toBe(platform);
  });
});
