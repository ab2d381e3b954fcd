// Nest's own rspack defaults, with two changes: `import.meta` stays as Node gives it (the platform finds its
// migrations from there), and the output is modern, because Node 24 comes with the project.
export default (defaults) => {
  const [rule] = defaults.module.rules
  rule.use[0].options.jsc.target = 'es2023'
  return {
    ...defaults,
    devtool: 'source-map',
    module: {
      ...defaults.module,
      parser: { javascript: { importMeta: false } },
    },
  }
}
