import type { Platform } from '../DeviceRow.svelte';

export interface Device {
  /** The browser, if it is one. */
  browser?: string;
  system?: string;
  /** A program that is no browser. */
  program?: string;
}

/** Browsers by their mark. The first that is found counts: most name several others as well. */
const BROWSERS: [RegExp, string][] = [
  [/\bEdg(e|A|iOS)?\//, 'Edge'],
  [/\b(OPR|OPT|Opera)\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\bYaBrowser\//, 'Yandex'],
  [/\bDuckDuckGo\//, 'DuckDuckGo'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|CriOS|HeadlessChrome)\//, 'Chrome'],
  [/\bVersion\/[\d.]+.* Safari\//, 'Safari'],
];

const SYSTEMS: [RegExp, string][] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac(intosh| OS X)\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
];

/** Reads what a client called itself (`User-Agent`). */
export function deviceOf(agent: string | null): Device {
  if (!agent) return {};
  const find = (marks: [RegExp, string][]) => marks.find(([mark]) => mark.test(agent))?.[1];
  const device = { browser: find(BROWSERS), system: find(SYSTEMS) };
  if (device.browser || device.system) return device;
  const program = agent.match(/^[^\s/(]+/)?.[0];
  return program && program !== 'Mozilla' ? { program } : {};
}

/** Returns what it is to be shown as. */
export function platformOf({ system }: Device): Platform {
  if (system === 'iPhone' || system === 'iPad') return 'ios';
  return system === 'Android' ? 'android' : 'web';
}
