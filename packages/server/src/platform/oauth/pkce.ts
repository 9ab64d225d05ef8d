import { calculatePKCECodeChallenge, generateRandomCodeVerifier } from 'oauth4webapi'

/** RFC 7636 with S256: the challenge goes through the browser, the verifier never does. */
export async function newPkce(): Promise<{ readonly verifier: string; readonly challenge: string }> {
  const verifier = generateRandomCodeVerifier()
  return { verifier, challenge: await calculatePKCECodeChallenge(verifier) }
}
