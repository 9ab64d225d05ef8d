import { DARK, LIGHT, type Palette, TILES } from './palette.ts'

const variables = (palette: Palette): string =>
  Object.entries(palette)
    .map(([name, colour]) => `--${name}:${colour};`)
    .join('')

/** The whole look. Laid out for a telephone of 320 px first; `em` throughout, so that larger text only needs more room. */
export const STYLES = `
:root{color-scheme:light dark;${variables(LIGHT)}}
@media (prefers-color-scheme:dark){:root{${variables(DARK)}}}
*,*::before,*::after{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;min-height:100vh;min-height:100dvh;display:flex;flex-direction:column;align-items:center;justify-content:center;padding:1rem;background:var(--page);color:var(--text);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;overflow-wrap:anywhere}
main{width:100%;max-width:29rem;background:var(--card);border:1px solid var(--line);border-radius:1rem;padding:1.5rem 1.25rem;box-shadow:0 1px 2px rgb(0 0 0/.05),0 12px 32px -12px rgb(0 0 0/.18)}
h1{margin:0;font-size:1.375rem;line-height:1.3;font-weight:650;text-align:center;letter-spacing:-.01em;text-wrap:balance}
h2{margin:0 0 .375rem;font-size:1rem;line-height:1.4;font-weight:650}
p{margin:.5rem 0}
a{color:var(--link);text-underline-offset:.15em}
code{font:.9em/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.pair{display:flex;align-items:center;justify-content:center;gap:.625rem;margin:0 0 1rem}
.tile{flex:none;width:3.25rem;height:3.25rem;border-radius:.875rem;display:flex;align-items:center;justify-content:center;color:#fff;font-weight:650;font-size:1.125rem;letter-spacing:.02em;overflow:hidden}
.tile img{width:2.25rem;height:2.25rem;object-fit:contain}
.logo{background:#fff;border:1px solid var(--line)}
${TILES.map((colour, index) => `.tile-${index}{background:${colour}}`).join('')}
.dots{flex:none;width:2.25rem;height:0;border-top:.1875rem dotted var(--edge)}
.lead{margin:.5rem 0 1.25rem;text-align:center;color:var(--quiet);text-wrap:pretty}
.panel{margin:1.25rem 0;padding:.875rem 1rem;border:1px solid var(--line);border-radius:.75rem;font-size:.9375rem}
.panel ul{margin:.25rem 0 0;padding-left:1.125rem}
.panel li{margin:.25rem 0}
.panel>:last-child{margin-bottom:0}
.problem{margin:1.25rem 0;padding:.875rem 1rem;border:2px solid var(--bad);border-radius:.75rem;background:var(--badSoft)}
.problem h2{color:var(--bad)}
.problem p,.problem ul{margin:.25rem 0 0}
.problem ul{padding-left:1.125rem}
.problem a{color:var(--bad);font-weight:600}
.field{margin:0 0 1.125rem}
.guide{margin:0 0 1.25rem}
details{margin:0 0 1.25rem}
summary{padding:.25rem 0;cursor:pointer;color:var(--link);font-weight:600}
details[open] summary{margin-bottom:.75rem}
label{display:block;font-weight:600}
.optional{font-weight:400;color:var(--quiet)}
.hint{margin:.125rem 0 .375rem;font-size:.9375rem;color:var(--quiet)}
.wrong{margin:.125rem 0 .375rem;color:var(--bad);font-weight:600;font-size:.9375rem}
.affixed{margin-top:.25rem;display:flex;align-items:center;gap:.5rem;flex-wrap:wrap}
.affixed input{flex:1 1 6rem;width:auto;margin:0}
.affix{color:var(--quiet)}
input,select,textarea{display:block;width:100%;min-width:0;min-height:2.75rem;margin:.25rem 0 0;padding:.5rem .75rem;border:1px solid var(--edge);border-radius:.5rem;background:var(--input);color:var(--text);font:inherit}
textarea{min-height:7rem;resize:vertical;font:.875rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.masked{-webkit-text-security:disc}
[aria-invalid="true"]{border:2px solid var(--bad)}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
.problem:focus{outline:3px solid var(--focus);outline-offset:2px}
button,.button{display:block;width:100%;min-height:3rem;padding:.6875rem 1rem;border:2px solid transparent;border-radius:.625rem;background:var(--accent);color:var(--onAccent);font:inherit;font-weight:650;text-align:center;text-decoration:none;cursor:pointer}
button:hover,.button:hover{background:var(--accentHover)}
.lead:last-child{margin-bottom:0}
.mark{display:flex;align-items:center;justify-content:center;width:3.25rem;height:3.25rem;margin:0 auto 1rem;border:.1875rem solid currentColor;border-radius:50%;font-size:1.5rem;line-height:1;font-weight:700}
.mark-good{color:var(--good)}
.mark-bad{color:var(--bad)}
.mark-plain{color:var(--quiet)}
.small{font-size:.875rem;color:var(--quiet)}
footer{max-width:29rem;margin:1rem 0 0;text-align:center;font-size:.8125rem;color:var(--quiet)}
@media (min-width:30rem){main{padding:2rem}}
@media (prefers-reduced-motion:no-preference){button,.button{transition:background-color .12s}}
@media (forced-colors:active){.tile,main,.panel{border:1px solid}}
`
