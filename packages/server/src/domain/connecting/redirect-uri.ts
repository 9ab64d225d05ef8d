/** Where providers send browsers back to: the one address to register with all of them. */
export const CALLBACK_PATH = '/toolkits/auth/callback'

export const redirectUriOf = (publicUrl: string): string => `${publicUrl}/api/v3${CALLBACK_PATH}`
