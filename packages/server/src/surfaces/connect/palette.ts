/** Colours of the two schemes; a test holds them to the contrasts of WCAG 2.2. */
export interface Palette {
  readonly page: string
  readonly card: string
  readonly text: string
  readonly quiet: string
  readonly line: string
  /** Edges of inputs: they must be seen, so they are darker than plain lines. */
  readonly edge: string
  readonly link: string
  readonly accent: string
  readonly onAccent: string
  readonly accentHover: string
  readonly focus: string
  readonly bad: string
  readonly badSoft: string
  readonly good: string
  readonly input: string
}

export const LIGHT: Palette = {
  page: '#f2f4f7',
  card: '#ffffff',
  text: '#16202e',
  quiet: '#4d5a6b',
  line: '#dde2e9',
  edge: '#7b8796',
  link: '#0b57b8',
  accent: '#1458c4',
  onAccent: '#ffffff',
  accentHover: '#0e429a',
  focus: '#0b57b8',
  bad: '#b3201b',
  badSoft: '#fdf0ef',
  good: '#16713b',
  input: '#ffffff',
}

export const DARK: Palette = {
  page: '#0e131a',
  card: '#171e28',
  text: '#edf1f6',
  quiet: '#aab5c3',
  line: '#2b3543',
  edge: '#7d8a9b',
  link: '#8ab8ff',
  accent: '#8ab8ff',
  onAccent: '#0b1830',
  accentHover: '#b3d1ff',
  focus: '#a9caff',
  bad: '#ff9d97',
  badSoft: '#33191b',
  good: '#6fd596',
  input: '#10161e',
}

/** Behind white initials, the same in both schemes. */
export const TILES = ['#1d5fc2', '#7a3fb8', '#b02f6d', '#a8421a', '#256f4a', '#1c6a80', '#5b5f97', '#7d5a12'] as const
