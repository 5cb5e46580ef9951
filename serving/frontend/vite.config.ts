import { defineConfig } from "vite";

// Names carry a hash of their content, so browsers may keep files for ever; the manifest tells the templates these names.
export default defineConfig({
  define: { "process.env.NODE_ENV": JSON.stringify("production") }, // Workbox logs to the console otherwise
  base: "/static/",
  build: {
    outDir: "../pages/static",
    emptyOutDir: true,
    manifest: "manifest.json",
    assetsDir: "",
    assetsInlineLimit: 0,
    rollupOptions: { input: ["src/yujing.css", "src/command.ts", "src/answers.ts", "src/docs.ts", "src/worker.ts"] },
  },
});
