/**
 * Writes hwaja.js as one file, for pages without a bundler: `node bundle.js FILE`.
 *
 * The worklet, which a browser loads by an address, is in it as text: its address is a blob. A strict
 * Content-Security-Policy then needs `worker-src blob:` or `script-src blob:`; with the separate files
 * it does not.
 */

import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const CLIENT = new URL('../../python/hwaja/web/client/', import.meta.url);

/** What Chrome 80, Firefox 75 and Safari 13 run. */
const TARGET = 'es2019';

const pathOf = (name) => fileURLToPath(new URL(name, CLIENT));

/** Put the worklet in place of its address. */
const withWorklet = {
  name: 'worklet',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]worklet-url\.js$/ }, async () => {
      const options = { bundle: true, minify: true, target: TARGET, format: 'iife', write: false };
      const { outputFiles } = await build({ ...options, entryPoints: [pathOf('worklet.js')] });
      const source = JSON.stringify(outputFiles[0].text);
      const type = "{ type: 'text/javascript' }";
      return { contents: `export const WORKLET_URL = URL.createObjectURL(new Blob([${source}], ${type}));` };
    });
  },
};

/** Write the file. */
export async function bundle(outfile) {
  await build({
    stdin: { contents: "export * from './hwaja.js'; export * from './opus.js';", resolveDir: pathOf('.') },
    outfile,
    bundle: true,
    minify: true,
    target: TARGET,
    format: 'esm',
    banner: { js: '/*! hwaja, Apache-2.0 */' },
    plugins: [withWorklet],
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle(process.argv[2]);
