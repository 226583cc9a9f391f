import { api, ok } from '$lib/api/client';
import { Problem } from '$lib/api/problem';
import type { View } from './comment.svelte';

/** A comment on its way: it is being sent, waits for a connection, or was refused. */
export class Sending {
  status: 'sending' | 'waiting' | 'failed' = $state('sending');
  problem: Problem | undefined = $state.raw();

  constructor(
    readonly text: string,
    /** The comment that it replies to. */
    readonly replyTo?: string,
    /** The same for every try, so that the API makes one comment of them. */
    readonly id: string = crypto.randomUUID(),
  ) {}

  /** Sends it, also again. Returns the comment; nothing when it was refused or waits. */
  async send(photoId: string): Promise<View | undefined> {
    this.status = 'sending';
    this.problem = undefined;
    try {
      const params = { path: { photo_id: photoId }, header: { 'Idempotency-Key': this.id } };
      const body = { text: this.text, reply_to: this.replyTo };
      return await ok(api.POST('/api/v1/photos/{photo_id}/comments', { params, body }));
    } catch (error) {
      this.problem = Problem.from(error);
      this.status = this.problem.code === 'offline' ? 'waiting' : 'failed';
      return undefined;
    }
  }
}
