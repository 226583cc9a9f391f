import { api, ok, type Schemas } from '$lib/api/client';
import { Problem } from '$lib/api/problem';

type NotificationSettings = Schemas['NotificationSettings'];
type NotificationSettingsRequest = Schemas['NotificationSettingsRequest'];

/** What one wants to be told of, and when. It is shown as one wishes it, until the API refuses. */
export class Wanted {
  problem: Problem | undefined = $state.raw();
  /** What the API said last. */
  #said: NotificationSettings | undefined = $state.raw();
  /** What it has not answered yet, in the order of the wishes. */
  #wished: NotificationSettingsRequest[] = $state.raw([]);
  #last: Promise<unknown> = Promise.resolve();

  get settings(): NotificationSettings | undefined {
    return this.#said && this.#wished.reduce(changed, this.#said);
  }

  async read(): Promise<void> {
    this.problem = undefined;
    try {
      this.#said = await ok(api.GET('/api/v1/users/me/notification-settings'));
    } catch (error) {
      this.problem = Problem.from(error);
    }
  }

  /** Changes it at once, and tells the API after what it is told already. A refusal takes it back. Throws `Problem`. */
  async change(wish: NotificationSettingsRequest): Promise<void> {
    this.#wished = [...this.#wished, wish];
    const before = this.#last;
    const telling = before.then(() => ok(api.PATCH('/api/v1/users/me/notification-settings', { body: wish })));
    this.#last = telling.catch(() => {});
    try {
      this.#said = await telling;
    } finally {
      this.#wished = this.#wished.filter((other) => other !== wish);
    }
  }
}

/** Returns settings with a change of them, as the API merges it. */
function changed(settings: NotificationSettings, wish: NotificationSettingsRequest): NotificationSettings {
  const kinds = { ...settings.kinds };
  for (const [kind, { push }] of Object.entries(wish.kinds ?? {})) {
    const known = kinds[kind];
    if (known) kinds[kind] = { push: push ?? known.push };
  }
  const { quiet_hours = settings.quiet_hours } = wish;
  return { kinds, quiet_hours, digest: wish.digest ?? settings.digest };
}
