import { api, ok, type Schemas } from '$lib/api/client';
import { Problem } from '$lib/api/problem';
import { profile } from '$lib/data/entities.svelte';
import { session } from '$lib/session.svelte';

/** A profile as the API shows it to its owner: the last two are said of oneself alone. */
export type OwnProfile = Schemas['Profile'] & { email_verified: boolean; picture: Schemas['PictureView'] };

/** One's own profile with what only oneself sees of it. */
class Own {
  profile: OwnProfile | undefined = $state.raw();
  problem: Problem | undefined = $state.raw();

  /** Reads it. What was read before stays until then, and when it fails. */
  async read(): Promise<void> {
    this.problem = undefined;
    try {
      this.take((await ok(api.GET('/api/v1/users/me'))) as OwnProfile);
    } catch (error) {
      this.problem = Problem.from(error);
    }
  }

  /** Changes it. Throws `Problem`. */
  async change(changes: Schemas['UpdateProfileRequest']): Promise<void> {
    this.take((await ok(api.PATCH('/api/v1/users/me', { body: changes }))) as OwnProfile);
  }

  /** Takes what the API says of it. The own profile as others see it follows. */
  take(view: OwnProfile): void {
    this.profile = view;
    profile(view);
  }

  /** Counts a request that has been answered, or that is open again since the answer failed. */
  countRequest(by: 1 | -1): void {
    if (!this.profile) return;
    this.profile = { ...this.profile, request_count: Math.max(0, (this.profile.request_count ?? 0) + by) };
  }

  forget(): void {
    this.profile = undefined;
    this.problem = undefined;
  }
}

export const own = new Own();

session.onEnd(() => own.forget());

/** Has the mail sent again that proves one's address. Throws `Problem`. */
export async function sendProof(): Promise<void> {
  await ok(api.POST('/api/v1/users/me/email/proof'));
}
