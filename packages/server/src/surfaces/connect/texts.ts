/** Every word that a person reads on the connect pages. */

/** In the middle of a sentence: `User name` becomes `user name`, `API key` stays. */
const inSentence = (title: string): string =>
  /^\p{Lu}\p{Ll}/u.test(title) ? title.charAt(0).toLowerCase() + title.slice(1) : title

const atStart = (name: string): string => (name === TEXTS.unnamedProject ? name.charAt(0).toUpperCase() + name.slice(1) : name)

export interface Names {
  readonly toolkit: string
  readonly project: string
}

export const TEXTS = {
  /** For a project that nobody has given a name. */
  unnamedProject: 'this app',
  errorTitle: (title: string) => `Error: ${title}`,

  link: {
    title: ({ toolkit, project }: Names) => `Connect ${toolkit} to ${project}`,
    titleAgain: ({ toolkit, project }: Names) => `Connect ${toolkit} to ${project} again`,
    leadAgain: ({ toolkit, project }: Names) =>
      `${atStart(project)} was connected to ${toolkit} before, and asks you to renew it.`,
    leadKey: ({ toolkit, project }: Names) => `${atStart(project)} asks you for access to ${toolkit}.`,
    leadGrant: ({ toolkit, project }: Names) =>
      `${atStart(project)} asks you for access to ${toolkit}. You sign in at ${toolkit}, and nobody else sees your password.`,
    gets: ({ project }: Names) => `What ${project} gets`,
    getsKey: ({ toolkit }: Names) => `It can do whatever this access allows at ${toolkit}, without asking you each time.`,
    getsGrant: ({ toolkit }: Names) => `It can do what you agree to at ${toolkit}, without asking you each time.`,
    scopes: 'These permissions are asked for:',
    endKey: ({ toolkit }: Names) => `You can end this at any time by removing the access at ${toolkit}.`,
    endGrant: ({ toolkit }: Names) => `You can end this at any time in the settings of your ${toolkit} account.`,
    guide: ({ toolkit }: Names) => `Where to find this at ${toolkit}`,
    more: 'More settings (optional)',
    newWindow: '(opens in a new window)',
    continue: ({ toolkit }: Names) => `Continue to ${toolkit}`,
    submit: ({ toolkit }: Names) => `Connect ${toolkit}`,
    keeper: ({ project }: Names) => `Holdfast keeps this connection for ${project}, encrypted.`,
  },

  scopes: {
    openid: 'Know which account you sign in with',
    profile: 'See your name and picture',
    email: 'See your e-mail address',
    offline_access: 'Stay connected while you are away',
  } as Readonly<Record<string, string>>,

  field: {
    optional: '(optional)',
    example: 'For example:',
    choose: 'Please choose',
    yes: 'Yes',
    no: 'No',
    onlyWhen: (title: string, values: readonly string[]) => `Only needed if ${inSentence(title)} is ${values.join(' or ')}.`,
    missing: (title: string) => `Enter the ${inSentence(title)}.`,
    notChosen: (title: string) => `Choose the ${inSentence(title)}.`,
    wrongForm: (title: string, example?: string) =>
      example === undefined
        ? `This does not look right. Copy the ${inSentence(title)} once more, all of it.`
        : `This does not look right: the ${inSentence(title)} looks like ${example}`,
    refused: (title: string, reason: string) => `${title} ${reason}.`,
  },

  problem: {
    heading: 'There is a problem',
    credentialRejected: ({ toolkit }: Names) =>
      `${toolkit} did not accept this. Check that it is complete, still valid, and for the right account.`,
    unproven: ({ toolkit }: Names) =>
      `${toolkit} could not say whether this is right. Nothing was stored; try again in a few minutes.`,
    unreachable: ({ toolkit }: Names) => `${toolkit} did not answer. Nothing was stored; try again in a few minutes.`,
    destination: 'This address is not one that can be connected to.',
    secretsGone: 'What you entered in secret fields is not sent back to you: please enter it again.',
    notFromHere:
      'This page had been open for too long, or your browser keeps no cookies for it. Nothing was stored; please try again.',
    tooOften: (minutes: number) =>
      `That was tried very often. Wait ${minutes === 1 ? 'a minute' : `${minutes} minutes`}, then try again.`,
  },

  gone: {
    title: 'This link does not work any more',
    body: 'Links work for a short time only. Go back to where you got it, and ask for a new one.',
  },
  used: {
    title: 'This link has been used',
    body: 'A link works once. If it was you who used it, all is well, and you can close this window. If not, go back to where you got it, and ask for a new one.',
  },
  leaving: {
    title: (toolkit: string) => `On to ${toolkit}`,
    body: (toolkit: string) => `Your browser is opening ${toolkit}. If nothing happens, go on yourself:`,
    link: (toolkit: string) => `Continue to ${toolkit}`,
  },
  connected: {
    title: (toolkit: string) => `${toolkit} is connected`,
    close: 'You can close this window now.',
    returning: 'Your browser is going back to where you came from. If nothing happens, go on yourself:',
    link: 'Go back',
  },
  failed: {
    title: (toolkit: string) => `${toolkit} could not be connected`,
    body: 'Nothing was stored. Go back to where you came from, and try again.',
  },
  elsewhere: {
    title: 'Please begin again',
    body: 'You came back in another browser than the one you began in, or your browser keeps no cookies for this page. Nothing was stored; open the link again, and stay in one browser.',
  },
  late: {
    title: 'Please begin again',
    body: 'This sign-in was finished before, or took too long. If it was finished, all is well, and you can close this window. If not, go back to where you came from, and start again.',
  },
  fault: {
    title: 'Something went wrong',
    body: 'This is not your fault, and nothing was stored. Please try again in a few minutes.',
    reference: (requestId: string) => `If it stays like this, tell the people who sent you here this reference: ${requestId}`,
  },
  tooLarge: {
    title: 'That was too much',
    body: 'What was sent is too large. Nothing was stored; go back, and check what you pasted.',
  },
  notUnderstood: {
    title: 'This cannot be read',
    body: 'What was sent cannot be read. Open the link again, and use the page itself.',
  },
}
