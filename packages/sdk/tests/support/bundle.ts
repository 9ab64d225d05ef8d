import { fileURLToPath } from 'node:url'
import { type BuildOptions, build } from 'esbuild'

/** The SDK as a bundler puts it into someone's app. An import that the platform does not have makes this fail. */
export async function bundleSdk(options: Pick<BuildOptions, 'platform' | 'stdin'> = {}) {
  const { metafile, outputFiles } = await build({
    entryPoints: options.stdin ? [] : [fileURLToPath(new URL('../../src/index.ts', import.meta.url))],
    absWorkingDir: fileURLToPath(new URL('../..', import.meta.url)),
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'silent',
    ...options,
  })
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path))
  return { code: outputFiles[0]?.text ?? '', imports }
}
