// What the dots' colours mean: by class, tag, bit, or AP of the query images; nothing where no labels are known.

// Okabe and Ito's colours for classes. Amber belongs to the query, so brown stands in for it; wine and indigo make
// ten; black and white change places with the ground.
const CLASS_COLOURS = {
  light: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#8c5a1e", "#c4b000", "#3d4650", "#8a1f52", "#5b4fc4"],
  dark: ["#3f9bd8", "#f07a2b", "#12b98a", "#dd93bd", "#8fd0f7", "#bd8a4c", "#e8dc4a", "#e3e7eb", "#cf5488", "#9d93f5"],
}
// Low to high AP; every stop stands out from the ground and from the pale database.
const AP_STOPS = {
  light: [[94, 12, 120], [66, 84, 160], [24, 138, 141], [76, 186, 90], [206, 214, 30]],
  dark: [[190, 110, 235], [110, 130, 230], [50, 165, 165], [110, 205, 110], [232, 238, 70]],
}
const AP_STEPS = 32

function apColour(value, theme) {
  const stops = AP_STOPS[theme.dark ? "dark" : "light"]
  const at = Math.min(0.999, Math.max(0, value)) * (stops.length - 1)
  const [low, high] = [stops[Math.floor(at)], stops[Math.floor(at) + 1]]
  return `rgb(${low.map((c, k) => Math.round(c + (at % 1) * (high[k] - c))).join(",")})`
}

// What the dots mean under the chosen colour: categories, the largest category per dot, and its slices.
function colourScheme(g, colour, theme) {
  const { pale } = theme
  if (colour.mode === "ap") {
    const ramp = Array.from({ length: AP_STEPS }, (_, k) => apColour(k / (AP_STEPS - 1), theme))
    const step = (value) => Math.min(AP_STEPS - 1, Math.floor(value * AP_STEPS))
    return {
      kind: "ap", showQueries: true, labels: [],
      categories: [{ name: "database images", colour: pale, count: g.nPlaced }],
      major: () => 0, slices: () => null,
      queryColour: (q) => (Number.isFinite(g.queryAp[q]) ? ramp[step(g.queryAp[q])] : "transparent"),
    }
  }
  if (colour.mode === "plain") {
    return {
      kind: "plain", labels: [],
      categories: [{ name: "database images", colour: theme.accent, count: g.nPlaced }],
      major: () => 0, slices: () => null,
      queryCategory: () => 0, queryColour: () => theme.accent,
    }
  }
  if (colour.mode === "bit") {
    const width = Math.ceil(g.nBits / 8)
    const bit = (codes, i) => (codes[i * width + (colour.index >> 3)] >> (7 - (colour.index & 7))) & 1
    let ones = 0
    for (let i = 0; i < g.nPoints; i += 1) if (bit(g.codes, i)) ones += g.size[i]
    const zeros = g.nPlaced - ones
    const colours = [pale, theme.accent]
    return {
      kind: "bit", labels: [],
      categories: [
        { name: `bit ${colour.index} = 0`, colour: pale, count: zeros },
        { name: `bit ${colour.index} = 1`, colour: theme.accent, count: ones },
      ],
      major: (i) => bit(g.codes, i), slices: () => null,
      queryCategory: (q) => bit(g.queryCodes, q), queryColour: (q) => colours[bit(g.queryCodes, q)],
    }
  }
  if (colour.mode === "tag") {
    const c = colour.index
    const has = (i) => g.classCounts[i * g.nClasses + c]
    let total = 0
    for (let i = 0; i < g.nPoints; i += 1) total += has(i)
    const name = g.classes[c]
    return {
      kind: "tag", labels: [],
      categories: [
        { name: `without ${name}`, colour: pale, count: g.nPlaced - total },
        { name: `with ${name}`, colour: theme.accent, count: total },
      ],
      major: (i) => Number(2 * has(i) >= g.size[i]), slices: (i) => [g.size[i] - has(i), has(i)],
      queryCategory: (q) => g.hasClass(g.queryLabels, q, c),
      queryColour: (q) => (g.hasClass(g.queryLabels, q, c) ? theme.accent : pale),
    }
  }
  const totals = new Array(g.nClasses).fill(0)
  const major = new Uint16Array(g.nPoints)
  for (let i = 0; i < g.nPoints; i += 1) {
    for (let c = 0; c < g.nClasses; c += 1) {
      const n = g.classCounts[i * g.nClasses + c]
      totals[c] += n
      if (n > g.classCounts[i * g.nClasses + major[i]]) major[i] = c
    }
  }
  const queryCategory = (q) => g.classes.findIndex((_, c) => g.hasClass(g.queryLabels, q, c))
  const colours = CLASS_COLOURS[theme.dark ? "dark" : "light"]
  const colourOf = (c) => colours[c % colours.length]
  return {
    kind: "class", labels: g.classes,
    categories: g.classes.map((name, c) => ({ name, colour: colourOf(c), count: totals[c] })),
    major: (i) => major[i],
    slices: (i) => g.classCounts.subarray(i * g.nClasses, (i + 1) * g.nClasses),
    queryCategory,
    queryColour: (q) => (queryCategory(q) < 0 ? pale : colourOf(queryCategory(q))),
  }
}
