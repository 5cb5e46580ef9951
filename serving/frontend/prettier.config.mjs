/** Format of scripts, styles and templates; imported here, for Prettier would look for a plugin beside the folder it is called in. */
import * as jinja from "prettier-plugin-jinja-template";

export default {
  printWidth: 140,
  tabWidth: 2,
  semi: true,
  trailingComma: "all",
  bracketSameLine: true,
  plugins: [jinja],
  overrides: [{ files: "*.html", options: { parser: "jinja-template" } }],
};
