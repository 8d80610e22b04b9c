// Drawing: a base layer (all dots) repainted when view or colours change, and an overlay (query, neighbours, hover).

// Dot area follows the number of images that share the code; zooming in enlarges dots slowly.
function dotRadius(g, view, i) {
  if (i >= g.nPoints) return view.queryRadius
  return Math.max(view.minRadius, view.unitRadius * Math.sqrt(g.size[i]))
}

const zoomGrowth = (view) => (view.scale / view.fitScale) ** 0.4

function radiiForView(g, view) {
  const room = Math.min(1, Math.min(view.width, view.height) / 520)
  const zoom = zoomGrowth(view)
  const single = (g.nPoints > 20000 ? 1.5 : g.nPoints > 3000 ? 2.2 : 3) * Math.max(0.75, room)
  view.unitRadius = Math.min(single, (34 * room) / Math.sqrt(g.maxSize)) * zoom
  view.minRadius = Math.min(single, 1.6) * zoom
  view.queryRadius = 4 * Math.max(0.8, room) * zoom
}

function paintBase(ctx, scene) {
  const { g, view, scheme, focus, theme } = scene
  ctx.setTransform(view.dpr, 0, 0, view.dpr, 0, 0)
  ctx.clearRect(0, 0, view.width, view.height)
  const margin = 40
  const shown = (i) => {
    const [sx, sy] = view.toScreen(g.x[i], g.y[i])
    return sx > -margin && sy > -margin && sx < view.width + margin && sy < view.height + margin
  }
  const inFocus = (i) => {
    if (!focus.size || scheme.kind === "ap") return true
    if (focus.has(scheme.major(i))) return true
    const slices = scheme.slices(i)
    return Boolean(slices) && [...focus].some((c) => slices[c] > 0)
  }
  const lit = []
  const dim = []
  for (const i of g.order) if (shown(i)) (inFocus(i) ? lit : dim).push(i)
  ctx.globalAlpha = 0.13
  paintDots(ctx, scene, dim, false)
  ctx.globalAlpha = 0.88
  paintDots(ctx, scene, lit, true)
  ctx.globalAlpha = 1
  if (scene.showQueries || scheme.showQueries) {
    ctx.lineWidth = 0.75
    ctx.strokeStyle = theme.background
    for (const q of g.queryOrder) {
      if (!shown(g.nPoints + q)) continue
      diamond(ctx, ...view.toScreen(g.x[g.nPoints + q], g.y[g.nPoints + q]), view.queryRadius)
      ctx.globalAlpha = focus.size && scheme.kind !== "ap" && !focus.has(scheme.queryCategory(q)) ? 0.13 : 1
      ctx.fillStyle = scheme.queryColour(q)
      ctx.fill()
      ctx.strokeStyle = scheme.kind === "ap" ? theme.background : theme.text
      ctx.stroke()
    }
    ctx.globalAlpha = 1
  }
}

// Codes of one image are drawn in one path per category (thousands of them); shared codes one by one.
function paintDots(ctx, scene, dots, withEdges) {
  const { g, view, scheme, theme } = scene
  const singles = scheme.categories.map(() => [])
  for (const i of dots) {
    const slices = scheme.slices(i)
    const mixed = slices !== null && slices[scheme.major(i)] < g.size[i]
    if (g.size[i] === 1 && !mixed) {
      singles[scheme.major(i)].push(i)
      continue
    }
    const [sx, sy] = view.toScreen(g.x[i], g.y[i])
    const r = dotRadius(g, view, i)
    if (mixed && r >= 3.5) {
      paintPie(ctx, sx, sy, r, slices, g.size[i], scheme.categories)
    } else {
      ctx.fillStyle = scheme.categories[scheme.major(i)].colour
      ctx.beginPath()
      ctx.arc(sx, sy, r, 0, 2 * Math.PI)
      ctx.fill()
    }
    if (withEdges && r > 3) {
      ctx.strokeStyle = theme.background
      ctx.lineWidth = 0.75
      ctx.beginPath()
      ctx.arc(sx, sy, r, 0, 2 * Math.PI)
      ctx.stroke()
    }
  }
  const r = dots.length ? Math.max(view.minRadius, view.unitRadius) : 0
  singles.forEach((members, c) => {
    ctx.fillStyle = scheme.categories[c].colour
    ctx.beginPath()
    for (const i of members) {
      const [sx, sy] = view.toScreen(g.x[i], g.y[i])
      ctx.moveTo(sx + r, sy)
      ctx.arc(sx, sy, r, 0, 2 * Math.PI)
    }
    ctx.fill()
  })
}

function paintPie(ctx, sx, sy, r, slices, total, categories) {
  let from = -Math.PI / 2
  slices.forEach((count, c) => {
    if (!count) return
    const to = from + (2 * Math.PI * count) / total
    ctx.fillStyle = categories[c].colour
    ctx.beginPath()
    ctx.moveTo(sx, sy)
    ctx.arc(sx, sy, r, from, to)
    ctx.fill()
    from = to
  })
}

function diamond(ctx, sx, sy, r) {
  ctx.beginPath()
  ctx.moveTo(sx, sy - r * 1.25)
  ctx.lineTo(sx + r * 1.25, sy)
  ctx.lineTo(sx, sy + r * 1.25)
  ctx.lineTo(sx - r * 1.25, sy)
  ctx.closePath()
}

function ring(ctx, sx, sy, r, colour, width, theme) {
  for (const [stroke, lineWidth] of [[theme.background, width + 2.5], [colour, width]]) {
    ctx.strokeStyle = stroke
    ctx.lineWidth = lineWidth
    ctx.beginPath()
    ctx.arc(sx, sy, r, 0, 2 * Math.PI)
    ctx.stroke()
  }
}

function cross(ctx, sx, sy, half, colour, theme) {
  for (const [stroke, lineWidth] of [[theme.background, 4], [colour, 2]]) {
    ctx.strokeStyle = stroke
    ctx.lineWidth = lineWidth
    ctx.beginPath()
    ctx.moveTo(sx - half, sy - half)
    ctx.lineTo(sx + half, sy + half)
    ctx.moveTo(sx - half, sy + half)
    ctx.lineTo(sx + half, sy - half)
    ctx.stroke()
  }
}

function paintOverlay(ctx, scene) {
  const { g, view, theme, queryPoint, hits, hover, cursor } = scene
  ctx.setTransform(view.dpr, 0, 0, view.dpr, 0, 0)
  ctx.clearRect(0, 0, view.width, view.height)
  const at = (i) => view.toScreen(g.x[i], g.y[i])
  if (queryPoint !== null) {
    const [qx, qy] = at(queryPoint)
    ctx.lineWidth = 1
    ctx.strokeStyle = theme.text
    ctx.globalAlpha = 0.5
    const inner = dotRadius(g, view, queryPoint) + 6
    for (const hit of hits) {
      const [sx, sy] = at(hit.point)
      const away = Math.hypot(sx - qx, sy - qy)
      const outer = dotRadius(g, view, hit.point) + 2
      if (away <= inner + outer) continue
      // From ring to ring: lines that meet in the middle would blot out the query.
      ctx.setLineDash(hit.right ? [] : [3, 3])
      ctx.beginPath()
      ctx.moveTo(qx + ((sx - qx) * inner) / away, qy + ((sy - qy) * inner) / away)
      ctx.lineTo(sx - ((sx - qx) * outer) / away, sy - ((sy - qy) * outer) / away)
      ctx.stroke()
    }
    ctx.setLineDash([])
    ctx.globalAlpha = 1
  }
  for (const hit of hits) {
    const [sx, sy] = at(hit.point)
    const r = dotRadius(g, view, hit.point) + 2
    const verdict = hit.right ? theme.right : theme.wrong
    ring(ctx, sx, sy, r, hit.judged ? verdict : theme.text, 2, theme)
    if (hit.wrong) cross(ctx, sx + r * 0.8 + 4, sy - r * 0.8 - 4, 3.5, theme.wrong, theme)
  }
  paintLabels(ctx, scene)
  if (queryPoint !== null) {
    const [qx, qy] = at(queryPoint)
    const r = dotRadius(g, view, queryPoint) + 6
    ring(ctx, qx, qy, r, theme.query, 3.5, theme)
    haloText(ctx, "query", qx, qy + r + 12, theme, "600 12px", theme.text)
  }
  for (const [point, colour] of [[cursor, theme.text], [hover, theme.text]]) {
    if (point === null) continue
    const [sx, sy] = at(point)
    ring(ctx, sx, sy, dotRadius(g, view, point) + 3, colour, 1.75, theme)
  }
}

function haloText(ctx, text, sx, sy, theme, font, colour) {
  ctx.font = `${font} ${theme.font}`
  ctx.textAlign = "center"
  ctx.textBaseline = "middle"
  ctx.lineJoin = "round"
  ctx.lineWidth = 4
  ctx.strokeStyle = theme.background
  ctx.strokeText(text, sx, sy)
  ctx.fillStyle = colour
  ctx.fillText(text, sx, sy)
}

// Class names at their densest spot, moved up or down where two would lie on each other.
function paintLabels(ctx, scene) {
  const { g, view, scheme, focus, theme } = scene
  // The query's ring and its word come first.
  const query = scene.queryPoint === null ? null : view.toScreen(g.x[scene.queryPoint], g.y[scene.queryPoint])
  const taken = query ? [0, 12].map((dy) => ({ x: query[0], y: query[1] + dy, half: 20 })) : []
  const order = scheme.labels.map((_, c) => c).sort((a, b) => (g.anchors[b]?.mass ?? 0) - (g.anchors[a]?.mass ?? 0))
  for (const c of order) {
    if (!g.anchors[c] || (focus.size && !focus.has(c))) continue
    const [sx, sy] = view.toScreen(g.anchors[c].x, g.anchors[c].y)
    ctx.font = `600 13px ${theme.font}`
    const half = ctx.measureText(scheme.labels[c]).width / 2 + 3
    const spot = [0, -17, 17, -34, 34].map((dy) => ({ x: sx, y: sy + dy, half })).find((s) => (
      s.y > 9 && s.y < view.height - 9 && s.x > half && s.x < view.width - half
      && taken.every((t) => Math.abs(t.y - s.y) > 16 || Math.abs(t.x - s.x) > t.half + s.half)
    ))
    if (!spot) continue
    taken.push(spot)
    haloText(ctx, scheme.labels[c], spot.x, spot.y, theme, "600 13px", theme.text)
  }
}
