// SPDX-License-Identifier: ISC
// A zip file with its members stored as they are (APPNOTE.TXT, 4.3), for a
// system of Unix: files of mode 644.
"use strict";

const makeZip = (files, when = new Date()) => {
	const encoder = new TextEncoder();
	const crcs = Array.from({length: 256}, (_, n) => {
		for (let i = 0; i < 8; i++)
			n = n & 1 ? 0xedb88320 ^ n >>> 1 : n >>> 1;
		return n;
	});
	const crc32 = bytes => ~bytes.reduce((crc, byte) =>
		crcs[(crc ^ byte) & 0xff] ^ crc >>> 8, ~0) >>> 0;
	const little = (...fields) => fields.flatMap(([value, size]) =>
		Array.from({length: size}, (_, i) => value / 2 ** (8 * i) & 0xff));
	const time = when.getHours() << 11 | when.getMinutes() << 5
		| when.getSeconds() >> 1;
	const date = Math.max(when.getFullYear() - 1980, 0) << 9
		| when.getMonth() + 1 << 5 | when.getDate();

	const parts = [], directory = [];
	let at = 0;
	for (const [name, content] of Object.entries(files)) {
		const bytes = typeof content === "string" ? encoder.encode(content)
			: content;
		const path = encoder.encode(name);
		// Needs version 2.0; names are UTF-8.
		const common = little([20, 2], [0x0800, 2], [0, 2], [time, 2],
			[date, 2], [crc32(bytes), 4], [bytes.length, 4],
			[bytes.length, 4], [path.length, 2], [0, 2]);
		const head = [...little([0x04034b50, 4]), ...common, ...path];
		directory.push(...little([0x02014b50, 4], [3 << 8 | 20, 2]), ...common,
			...little([0, 2], [0, 2], [0, 2], [0o100644 * 65536, 4],
				[at, 4]), ...path);
		parts.push(Uint8Array.from(head), bytes);
		at += head.length + bytes.length;
	}
	const count = Object.keys(files).length;
	parts.push(Uint8Array.from(directory), Uint8Array.from(little(
		[0x06054b50, 4], [0, 4], [count, 2], [count, 2],
		[directory.length, 4], [at, 4], [0, 2])));
	return new Blob(parts, {type: "application/zip"});
};
