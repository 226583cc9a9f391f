import { tick } from 'svelte';
import { Problem } from '$lib/api/problem';
import { fieldProblem } from '$lib/fields';
import { m } from '$lib/paraglide/messages.js';
import { problemText } from '$lib/problems';

type Control = HTMLInputElement | HTMLTextAreaElement;
export type Values = Record<string, string>;

/**
 * A form: it checks the fields' own constraints, sends their values once at a time, and tells beside each field what
 * is wrong with it. What concerns no field is told below them.
 */
export class Form {
  busy = $state(false);
  /** What is wrong, by the names of fields. */
  errors: Values = $state.raw({});
  /** What is wrong with the whole. */
  failed: string | undefined = $state();
  /** Until when the API takes no further try (ms). */
  until: number | undefined = $state();

  constructor(
    private readonly work: (values: Values) => Promise<unknown>,
    /** Checks beyond the fields' own constraints: the text of what is wrong, by the names of fields. */
    private readonly check: (values: Values) => Values = () => ({}),
  ) {}

  /** Submits it. Give it to `onsubmit`, with `novalidate` on the form. */
  readonly submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (this.busy || (this.until ?? 0) > Date.now()) return;
    const form = event.currentTarget as HTMLFormElement;
    const controls = controlsOf(form);
    const values = Object.fromEntries(controls.map((control) => [control.name, control.value]));
    this.failed = undefined;
    this.until = undefined;
    this.errors = { ...this.check(values), ...ownErrors(controls) };
    if (Object.keys(this.errors).length === 0) await this.#run(values);
    await tick();
    const wrong = controls.find((control) => control.name in this.errors);
    if (wrong) wrong.focus();
    // A button that was busy has lost the focus.
    else if (this.failed && document.activeElement === document.body) event.submitter?.focus();
  };

  /** Takes the error of a field back while the person corrects it. Give it to `oninput`. */
  readonly edited = (event: Event): void => {
    const { name } = event.target as Control;
    if (!(name in this.errors)) return;
    const { [name]: _, ...others } = this.errors;
    this.errors = others;
  };

  async #run(values: Values): Promise<void> {
    this.busy = true;
    try {
      await this.work(values);
    } catch (error) {
      this.#tell(Problem.from(error), Object.keys(values));
    } finally {
      this.busy = false;
    }
  }

  #tell(problem: Problem, fields: string[]): void {
    const told = fieldProblem(problem, fields);
    if (told) this.errors = { [told.field]: told.text };
    else this.failed = problemText(problem);
    if (problem.status === 429) this.until = Date.now() + (problem.retryAfter ?? 60) * 1000;
  }
}

function controlsOf(form: HTMLFormElement): Control[] {
  return [...form.elements].filter(
    (element): element is Control =>
      (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement) && element.name !== '',
  );
}

/** Returns what the fields' own constraints find, in the language of the client and not of the browser. */
function ownErrors(controls: Control[]): Values {
  const wrong = controls.filter((control) => !control.checkValidity());
  return Object.fromEntries(wrong.map((control) => [control.name, constraintText(control)]));
}

function constraintText({ validity, type }: Control): string {
  if (validity.valueMissing) return m.auth_missing();
  if (type === 'email') return m.auth_email_invalid();
  return m.auth_username_invalid();
}
