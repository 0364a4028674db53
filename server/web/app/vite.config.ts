import { defineConfig } from "vite";

// The output is committed and embedded by the Go package one folder up, so two
// builds of the same sources must be equal byte for byte: no dates, no absolute
// paths, no source maps, names from the content only.
export default defineConfig({
  base: "/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  // Nothing of the building machine's environment may reach the bundle.
  envPrefix: "OSTIARY_PAGE_",
  define: { "process.env": "{}" },
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    assetsDir: "assets",
    // The icon stays a file: a data: URL in the shell would be longer than the request saves.
    assetsInlineLimit: 0,
    sourcemap: false,
    modulePreload: false,
    reportCompressedSize: false,
    license: { fileName: "licences.md" },
    target: ["chrome119", "edge119", "firefox120", "safari17"],
  },
});
