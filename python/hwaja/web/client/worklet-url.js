/** Where the worklet lies: beside this file. Alone here, since `import.meta` is newer than ES2019. */
export const WORKLET_URL = new URL('./worklet.js', import.meta.url).href;
