/** How the window is built, served and tested. */
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [svelte()],
  // Tauri serves the files from its own scheme, so nothing may start with a slash.
  base: './',
  // The drawings of the tray lie beside the tray.
  server: { fs: { allow: ['..'] } },
  // Components are tested as the browser runs them, not as a server would.
  resolve: process.env['VITEST'] ? { conditions: ['browser'] } : {},
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // One entry per program; whatever is not named here is not shipped.
    rolldownOptions: { input: { tray: 'tray.html' } },
  },
  test: {
    environment: 'happy-dom',
    include: ['tests/**/*.test.ts'],
    // The tokens are measured; other styles say nothing to a test.
    css: { include: /tokens\.css/ },
  },
});
