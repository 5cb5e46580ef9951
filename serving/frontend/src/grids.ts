// The file of many thousand grids (its layout: serving/maps/packed.py), and where its rings lie.

const HEADER = 5;

export interface Box {
  west: number;
  north: number;
  east: number;
  south: number;
}

export class Grids {
  readonly width: number;
  readonly height: number;
  readonly count: number;
  /** Per ring the number of its grid; from `count` on it is the border of an area. */
  readonly owners: Uint32Array;
  readonly codes: string[];
  /** One letter per grid: the class of its colour. */
  readonly levels: string;
  private readonly ends: Uint32Array;
  private readonly points: Uint16Array;
  private readonly boxes: Box[];

  constructor(file: ArrayBuffer) {
    const [count = 0, rings = 0, points = 0, width = 0, height = 0] = new Uint32Array(file, 0, HEADER);
    const afterRings = 4 * (HEADER + 2 * rings);
    const text = new TextDecoder().decode(new Uint8Array(file, afterRings + 4 * points));
    this.width = width;
    this.height = height;
    this.count = count;
    this.ends = new Uint32Array(file, 4 * HEADER, rings);
    this.owners = new Uint32Array(file, 4 * (HEADER + rings), rings);
    this.points = new Uint16Array(file, afterRings, 2 * points);
    this.codes = text.slice(0, -count).split("\n");
    this.levels = text.slice(-count);
    this.boxes = Array.from(this.owners, (_, ring) => this.boxOf(ring));
  }

  /** Call with every ring that has a part in a box, its own box, and its owner. */
  visit(view: Box, seen: (ring: number, box: Box, owner: number) => void): void {
    this.boxes.forEach((box, ring) => {
      if (box.east >= view.west && box.west <= view.east && box.south >= view.north && box.north <= view.south)
        seen(ring, box, this.owners[ring]!);
    });
  }

  trace(path: Path2D, ring: number): Path2D {
    const first = this.first(ring);
    path.moveTo(this.points[2 * first]!, this.points[2 * first + 1]!);
    for (let at = first + 1; at < this.ends[ring]! - 1; at++) path.lineTo(this.points[2 * at]!, this.points[2 * at + 1]!);
    path.closePath();
    return path;
  }

  private first(ring: number): number {
    return ring ? this.ends[ring - 1]! : 0;
  }

  private boxOf(ring: number): Box {
    const box = { west: Infinity, north: Infinity, east: -Infinity, south: -Infinity };
    for (let at = this.first(ring); at < this.ends[ring]!; at++) {
      box.west = Math.min(box.west, this.points[2 * at]!);
      box.east = Math.max(box.east, this.points[2 * at]!);
      box.north = Math.min(box.north, this.points[2 * at + 1]!);
      box.south = Math.max(box.south, this.points[2 * at + 1]!);
    }
    return box;
  }
}
