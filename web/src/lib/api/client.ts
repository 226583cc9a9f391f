import createClient from 'openapi-fetch';
import { session } from '$lib/session.svelte';
import { attempt, SESSION_HEADER } from './http';
import { Problem } from './problem';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];

/** The API, typed by its OpenAPI document. Await its calls through {@link ok}. */
export const api = createClient<paths>({ headers: SESSION_HEADER, fetch: authorised });

/** Sends a request within the session, which is renewed when it has to be. */
async function authorised(request: Request): Promise<Response> {
  await session.fresh();
  const seen = session.until;
  const again = request.clone();
  const response = await attempt(request);
  if (response.status !== 401 || !(await session.renew(seen))) return response;
  return attempt(again);
}

/** Returns what a call answered. Throws `Problem` if it failed. */
export async function ok<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw Problem.of(response, error);
  return data as T;
}
