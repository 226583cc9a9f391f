/** A picture in pixels. */
export interface Sides {
  width: number;
  height: number;
}

/** The square section of a picture that is shown: its centre in pixels, and how often it fits into the shorter side. */
export interface Section {
  x: number;
  y: number;
  zoom: number;
}

/** The longest side that is uploaded. The largest rendition is smaller. */
export const LARGEST = 1080;

/** The shortest side that is taken: below it nothing is to be recognised. */
export const SMALLEST = 64;

/** A section is never smaller than this (pixels), unless the picture is. */
const FINEST = 160;

/** Returns the largest square, in the middle. */
export function wholeOf(picture: Sides): Section {
  return { x: picture.width / 2, y: picture.height / 2, zoom: 1 };
}

export function mostZoom(picture: Sides): number {
  return Math.max(1, Math.min(8, shortest(picture) / FINEST));
}

/** Returns the side of the section in pixels. */
export function sideOf(picture: Sides, section: Section): number {
  return shortest(picture) / section.zoom;
}

/** Returns the nearest section that lies within the picture. */
export function within(picture: Sides, section: Section): Section {
  const zoom = clamp(section.zoom, 1, mostZoom(picture));
  const half = shortest(picture) / zoom / 2;
  return {
    x: clamp(section.x, half, picture.width - half),
    y: clamp(section.y, half, picture.height - half),
    zoom,
  };
}

/** Moves the picture below its frame by shares of the frame's side. */
export function moved(picture: Sides, section: Section, across: number, down: number): Section {
  const side = sideOf(picture, section);
  return within(picture, { ...section, x: section.x - across * side, y: section.y - down * side });
}

/** Zooms by `factor`. What is at (`across`, `down`), in shares of the frame from its centre, stays where it is. */
export function zoomed(picture: Sides, section: Section, factor: number, across = 0, down = 0): Section {
  const zoom = clamp(section.zoom * factor, 1, mostZoom(picture));
  const lost = sideOf(picture, section) - shortest(picture) / zoom;
  return within(picture, { x: section.x + across * lost, y: section.y + down * lost, zoom });
}

function shortest(picture: Sides): number {
  return Math.min(picture.width, picture.height);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
