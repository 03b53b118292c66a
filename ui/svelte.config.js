/** Options of the Svelte compiler. */
export default {
  compilerOptions: { runes: true },
};
