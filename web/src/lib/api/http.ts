import { Problem } from './problem';

/** Marks a request as the web client's own. No form can send it, and no other origin may. */
export const SESSION_HEADER = { 'X-Session': 'cookie' } as const;

/** Sends a request. Throws `Problem` `offline` when no answer comes. */
export async function attempt(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw Problem.offline();
  }
}

/** A call below `/api/v1/auth/`, where no session is needed. */
export function authCall(path: string, body?: object, headers?: HeadersInit): Request {
  return new Request(`/api/v1/auth/${path}`, {
    method: 'POST',
    headers: { ...SESSION_HEADER, 'Content-Type': 'application/json', ...headers },
    body: body ? JSON.stringify(body) : undefined,
  });
}

/** Posts JSON below `/api/v1/auth/`. Throws `Problem`. */
export async function postAuth<T>(path: string, body?: object, headers?: HeadersInit): Promise<T> {
  const response = await attempt(authCall(path, body, headers));
  const answer: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw Problem.of(response, answer);
  return answer as T;
}
