let policy: Pick<TrustedTypePolicy, 'createScriptURL'> | undefined;

/** Returns the address of a worker of ours as Trusted Types take it. The policy is made once: its name is taken then. */
export function workerAddress(address: string): string {
  policy ??= window.trustedTypes?.createPolicy('lambdagram', { createScriptURL: (url: string) => url });
  return (policy?.createScriptURL(address) ?? address) as string;
}
