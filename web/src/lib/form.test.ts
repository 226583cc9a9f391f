import { describe, expect, it } from 'vitest';
import { Problem } from '$lib/api/problem';
import { Form, type Values } from '$lib/form.svelte';

/** A form of the page with two fields, submitted as a browser does. */
function page(form: Form): { node: HTMLFormElement; submit: (values: Values) => Promise<void> } {
  document.body.innerHTML =
    '<form><input name="username" required pattern="[a-z]+"><input name="password" required><input hidden></form>';
  const node = document.querySelector('form') as HTMLFormElement;
  let done = Promise.resolve();
  node.addEventListener('submit', (event) => {
    done = form.submit(event as SubmitEvent);
  });
  node.addEventListener('input', form.edited);
  const submit = async (values: Values) => {
    for (const [name, value] of Object.entries(values)) field(node, name).value = value;
    node.dispatchEvent(new Event('submit', { cancelable: true, bubbles: true }));
    await done;
  };
  return { node, submit };
}

function field(node: HTMLFormElement, name: string): HTMLInputElement {
  return node.querySelector(`[name=${name}]`) as HTMLInputElement;
}

const refusing = (problem: Problem) => new Form(() => Promise.reject(problem));

describe('a form', () => {
  it('sends the values of its named fields', async () => {
    const sent: Values[] = [];
    const form = new Form(async (values) => sent.push(values));
    await page(form).submit({ username: 'anna', password: 'secret' });
    expect(sent).toEqual([{ username: 'anna', password: 'secret' }]);
    expect(form.busy).toBe(false);
  });

  it('sends nothing while a field is wrong, and focuses the first', async () => {
    const sent: Values[] = [];
    const form = new Form(async (values) => sent.push(values));
    await page(form).submit({ username: 'A!', password: '' });
    expect(sent).toEqual([]);
    expect(Object.keys(form.errors)).toEqual(['username', 'password']);
    expect(document.activeElement?.getAttribute('name')).toBe('username');
  });

  it('sends nothing when its own check finds something', async () => {
    const sent: Values[] = [];
    const form = new Form(
      async (values) => sent.push(values),
      () => ({ password: 'too short' }),
    );
    await page(form).submit({ username: 'anna', password: 'x' });
    expect(sent).toEqual([]);
    expect(form.errors).toEqual({ password: 'too short' });
  });

  it('tells what the API refuses beside the field', async () => {
    const form = refusing(new Problem('username_taken', 409));
    await page(form).submit({ username: 'anna', password: 'secret' });
    expect(Object.keys(form.errors)).toEqual(['username']);
    expect(form.failed).toBeUndefined();
    expect(document.activeElement?.getAttribute('name')).toBe('username');
  });

  it('tells what concerns no field below them', async () => {
    const form = refusing(Problem.offline());
    await page(form).submit({ username: 'anna', password: 'secret' });
    expect(form.errors).toEqual({});
    expect(form.failed).toBe('There is no connection.');
  });

  it('takes an error back while its field is corrected, and no other', async () => {
    const form = new Form(async () => {});
    const { node, submit } = page(form);
    await submit({ username: '', password: '' });
    field(node, 'password').dispatchEvent(new Event('input', { bubbles: true }));
    expect(Object.keys(form.errors)).toEqual(['username']);
  });

  it('waits as long as the API says before it sends again', async () => {
    let calls = 0;
    const form = new Form(async () => {
      calls += 1;
      throw new Problem('too_many_attempts', 429, 30);
    });
    const { submit } = page(form);
    await submit({ username: 'anna', password: 'secret' });
    await submit({});
    expect(calls).toBe(1);
    expect((form.until ?? 0) - Date.now()).toBeGreaterThan(29_000);
    form.until = Date.now() - 1;
    await submit({});
    expect(calls).toBe(2);
  });

  it('sends once, however often it is submitted', async () => {
    let calls = 0;
    let answer = () => {};
    const form = new Form(() => {
      calls += 1;
      return new Promise<void>((resolve) => {
        answer = resolve;
      });
    });
    const { submit } = page(form);
    const first = submit({ username: 'anna', password: 'secret' });
    await submit({});
    answer();
    await first;
    expect(calls).toBe(1);
  });

  it('does not hide a fault of its own', async () => {
    const form = new Form(() => Promise.reject(new TypeError('a fault')));
    await expect(page(form).submit({ username: 'anna', password: 'secret' })).rejects.toThrow('a fault');
    expect(form.busy).toBe(false);
  });
});
