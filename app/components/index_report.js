/**
 * How well an index did: its figures, and the images that it should have returned, small, dashed, in one line that
 * scrolls. The id of a picked one goes out.
 */
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root")
  const digits = (d) => (Math.abs(d) < 1000 ? d.toPrecision(3) : Math.round(d).toLocaleString("en"))
  const write = (d) => (data.kind === "binary" ? `${d}` : digits(d).replace("-", "−"))
  const tiles = data.rows.map((row, i) => {
    const verdict = data.right === null ? "" : data.right[i] ? "right" : "wrong"
    return el(
      "button",
      {
        class: `tile ${verdict}`,
        "data-testid": "missed",
        "data-row": row,
        "aria-label": `Missed: ${data.alts[i]}, distance ${write(data.d[i])}${verdict && `, ${verdict}`}. Search with this image.`,
        title: `missed · ${data.alts[i]} · d${row}`,
        onclick: () => setTriggerValue("pick", `d${row}`),
      },
      el("img", { src: served(data.thumb.replace("{row}", row)), alt: data.alts[i], width: 56, height: 56, loading: "lazy" }),
      el(
        "span",
        { class: "line" },
        verdict ? el("span", { class: "mark", "aria-hidden": "true" }, verdict === "right" ? "✓" : "✗") : null,
        el("span", {}, `d=${write(data.d[i])}`),
      ),
    )
  })
  const figures = data.figures.map(([name, value, unit, more]) =>
    el("div", {}, el("dt", {}, name), el("dd", {}, el("b", {}, value), unit ? ` ${unit}` : null, el("span", {}, more))),
  )
  const line = el("div", { class: data.pixelated ? "tiles pixels" : "tiles" }, ...tiles)
  line.setAttribute("role", "group")
  line.setAttribute("aria-label", data.title)
  root.replaceChildren(
    el("dl", { class: "figures", "data-testid": "index-figures" }, ...figures),
    ...(tiles.length ? [el("h3", { "data-testid": "missed-title" }, data.title), line] : []),
  )
  roving(line, tiles)
}
