import type { components } from './schema';

type Body = components['schemas']['Problem'];

/** A call that failed: the API's stable code, or `offline` when no answer came. */
export class Problem extends Error {
  constructor(
    readonly code: string,
    /** The HTTP status; 0 when no answer came. */
    readonly status: number,
    /** Seconds after which the call may be tried again. */
    readonly retryAfter?: number,
  ) {
    super(code);
    this.name = 'Problem';
  }

  static offline(): Problem {
    return new Problem('offline', 0);
  }

  /** Reads an error response. An answer that is not the API's own is named by its status. */
  static of(response: Response, body: unknown): Problem {
    const code = (body as Partial<Body> | undefined)?.code ?? `http_${response.status}`;
    const seconds = Number(response.headers.get('retry-after'));
    return new Problem(code, response.status, seconds > 0 ? seconds : undefined);
  }

  /** Returns `error` as a problem. What is no problem is a fault of the client and is thrown on. */
  static from(error: unknown): Problem {
    if (error instanceof Problem) return error;
    throw error;
  }
}
