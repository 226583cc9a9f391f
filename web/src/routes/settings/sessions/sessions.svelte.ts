import { api, ok, type Schemas } from '$lib/api/client';
import { Problem } from '$lib/api/problem';

type View = Schemas['SessionView'];

/** One's own open sessions. */
export class Sessions {
  /** This one first, then those used last. */
  all: View[] | undefined = $state.raw();
  problem: Problem | undefined = $state.raw();

  async read(): Promise<void> {
    this.problem = undefined;
    try {
      const { sessions } = await ok(api.GET('/api/v1/users/me/sessions'));
      this.all = sessions.toSorted(byUse);
    } catch (error) {
      this.problem = Problem.from(error);
    }
  }

  /** Ends one. One that is gone by now has ended. Throws `Problem`. */
  async end(id: string): Promise<void> {
    const params = { path: { session_id: id } };
    try {
      await ok(api.DELETE('/api/v1/users/me/sessions/{session_id}', { params }));
    } catch (error) {
      if (Problem.from(error).code !== 'session_not_found') throw error;
    }
    this.all = this.all?.filter((session) => session.session_id !== id);
  }

  /** Ends all but this one. Throws `Problem`. */
  async endOthers(): Promise<void> {
    await ok(api.DELETE('/api/v1/users/me/sessions'));
    this.all = this.all?.filter((session) => session.current);
  }
}

function byUse(one: View, other: View): number {
  if (one.current !== other.current) return one.current ? -1 : 1;
  return Date.parse(other.last_used_at) - Date.parse(one.last_used_at);
}
