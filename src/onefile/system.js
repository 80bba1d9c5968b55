// SPDX-License-Identifier: ISC
// The system that corscheck runs on in a browser: words, environment, standard
// input and output, and files that are a list in memory. WASI preview 1
// (https://github.com/WebAssembly/WASI), as far as corscheck calls it.
"use strict";

// Run corscheck once. Of `what`, args are its words, input (bytes or text) its
// standard input, env and files (by name) what else it finds. The result has
// status, stdout, stderr as bytes, files with what was written, and approximate:
// the browser's RegExp took part.
const runCorscheck = async (module, what) => {
	const BADF = 8, EXIST = 20, INVAL = 28, ISDIR = 31, NOENT = 44,
		NOSYS = 52, NOTDIR = 54;
	const UNKNOWN = 0, DIRECTORY = 3, REGULAR = 4;
	const CREAT = 1, ONLY_DIRECTORY = 2, EXCL = 4, TRUNC = 8, APPEND = 1;
	const ROOT = 3;
	const encoder = new TextEncoder(), decoder = new TextDecoder();
	const bytesOf = value => typeof value === "string"
		? encoder.encode(value) : value;
	class Exit extends Error {}

	// ---- memory ----

	let memory;
	const view = () => new DataView(memory.buffer);
	const bytes = (at, len) => new Uint8Array(memory.buffer, at, len);
	const text = (at, len) => decoder.decode(bytes(at, len));
	const put32 = (at, value) => view().setUint32(at, value, true);
	const put64 = (at, value) => view().setBigUint64(at, BigInt(value), true);

	// ---- files ----

	// Bytes at a place of the content, which grows into a buffer with room.
	const write = (content, at, from) => {
		const end = Math.max(content.length, at + from.length);
		const start = content.byteOffset;
		let all = content;
		if (start + end <= content.buffer.byteLength) {
			all = new Uint8Array(content.buffer, start, end);
		} else if (end > content.length) {
			all = new Uint8Array(new ArrayBuffer(2 * end), 0, end);
			all.set(content);
		}
		all.set(from, at);
		return all;
	};
	const tidy = name => name.split("/").filter(part => part && part !== ".")
		.join("/");
	const files = new Map(), folders = new Set([""]);
	const addFolders = name => {
		for (let at = name.lastIndexOf("/"); at > 0;
		    at = name.lastIndexOf("/", at - 1))
			folders.add(name.slice(0, at));
	};
	// A copy: the caller's bytes stay as they are.
	for (const [name, content] of Object.entries(what.files || {})) {
		files.set(tidy(name), {content: bytesOf(content).slice(),
			number: files.size});
		addFolders(tidy(name));
	}
	const newFile = content => ({content, number: files.size + 1000});
	const stream = content => ({file: {content, number: 0}, at: 0,
		type: UNKNOWN});
	const open = [stream(bytesOf(what.input || "")), stream(new Uint8Array()),
		stream(new Uint8Array()), {type: DIRECTORY, name: ""}];

	const putStat = (at, type, file) => {
		bytes(at, 64).fill(0);
		put64(at, 1);
		put64(at + 8, file ? file.number : 1);
		view().setUint8(at + 16, type);
		put64(at + 24, 1);
		put64(at + 32, file ? file.content.length : 0);
		return 0;
	};

	// The pieces of memory that a call names.
	const vectors = (at, count) => Array.from({length: count}, (_, i) => [
		view().getUint32(at + 8 * i, true),
		view().getUint32(at + 8 * i + 4, true)]);

	const putStrings = list => (pointers, at) => {
		for (const item of list) {
			const line = encoder.encode(item + "\0");
			put32(pointers, at);
			bytes(at, line.length).set(line);
			pointers += 4;
			at += line.length;
		}
		return 0;
	};
	const putSizes = list => (count, size) => {
		put32(count, list.length);
		put32(size, list.reduce((sum, item) =>
			sum + encoder.encode(item).length + 1, 0));
		return 0;
	};
	const args = ["corscheck", ...what.args || []];
	const env = Object.entries(what.env || {})
		.map(([name, value]) => name + "=" + value);

	const wasi = {
		args_get: putStrings(args),
		args_sizes_get: putSizes(args),
		environ_get: putStrings(env),
		environ_sizes_get: putSizes(env),
		clock_time_get(clock, precision, at) {
			put64(at, Date.now() * 1e6);
			return 0;
		},
		random_get(at, len) {
			crypto.getRandomValues(bytes(at, len));
			return 0;
		},
		proc_exit(status) {
			throw new Exit(String(status));
		},

		fd_close(fd) {
			if (!open[fd])
				return BADF;
			open[fd] = null;
			return 0;
		},
		fd_fdstat_get(fd, at) {
			if (!open[fd])
				return BADF;
			bytes(at, 24).fill(0);
			view().setUint8(at, open[fd].type);
			bytes(at + 8, 16).fill(0xff);
			return 0;
		},
		fd_fdstat_set_flags: fd => open[fd] ? 0 : BADF,
		fd_sync: fd => open[fd] ? 0 : BADF,
		fd_filestat_get: (fd, at) => !open[fd] ? BADF
			: putStat(at, open[fd].type, open[fd].file),
		fd_prestat_get(fd, at) {
			if (fd !== ROOT)
				return BADF;
			put32(at, 0);
			put32(at + 4, 1);
			return 0;
		},
		fd_prestat_dir_name(fd, at) {
			bytes(at, 1).set(encoder.encode("/"));
			return 0;
		},
		fd_read(fd, at, count, done) {
			const from = open[fd];
			let sum = 0;
			if (!from || !from.file)
				return BADF;
			for (const [to, len] of vectors(at, count)) {
				const part = from.file.content
					.subarray(from.at, from.at + len);
				bytes(to, part.length).set(part);
				from.at += part.length;
				sum += part.length;
			}
			put32(done, sum);
			return 0;
		},
		fd_write(fd, at, count, done) {
			const to = open[fd];
			let sum = 0;
			if (!to || !to.file)
				return BADF;
			for (const [from, len] of vectors(at, count)) {
				to.file.content = write(to.file.content, to.at,
					bytes(from, len));
				to.at += len;
				sum += len;
			}
			put32(done, sum);
			return 0;
		},
		fd_seek(fd, offset, whence, done) {
			const file = open[fd];
			if (!file || !file.file)
				return BADF;
			const base = [0, file.at, file.file.content.length][whence];
			if (base + Number(offset) < 0)
				return INVAL;
			file.at = base + Number(offset);
			put64(done, file.at);
			return 0;
		},
		// A folder says nothing of what is in it.
		fd_readdir(fd, at, len, cookie, done) {
			put32(done, 0);
			return 0;
		},

		path_open(folder, lookup, at, len, how, rights, more, flags, done) {
			const name = tidy(text(at, len));
			let file = files.get(name);
			if (folders.has(name)) {
				open.push({type: DIRECTORY, name});
				put32(done, open.length - 1);
				return 0;
			}
			if (how & ONLY_DIRECTORY)
				return file ? NOTDIR : NOENT;
			if (file && how & EXCL)
				return EXIST;
			if (!file && !(how & CREAT))
				return NOENT;
			if (!file) {
				file = newFile(new Uint8Array());
				files.set(name, file);
			}
			if (how & TRUNC)
				file.content = new Uint8Array();
			open.push({type: REGULAR, file,
				at: flags & APPEND ? file.content.length : 0});
			put32(done, open.length - 1);
			return 0;
		},
		path_filestat_get(folder, flags, at, len, to) {
			const name = tidy(text(at, len));
			if (folders.has(name))
				return putStat(to, DIRECTORY);
			return files.has(name)
				? putStat(to, REGULAR, files.get(name)) : NOENT;
		},
		path_create_directory(folder, at, len) {
			const name = tidy(text(at, len));
			if (folders.has(name) || files.has(name))
				return EXIST;
			folders.add(name);
			return 0;
		},
		path_rename(from, at, len, to, at2, len2) {
			const name = tidy(text(at, len));
			if (!files.has(name))
				return NOENT;
			files.set(tidy(text(at2, len2)), files.get(name));
			files.delete(name);
			return 0;
		},
		path_link(from, flags, at, len, to, at2, len2) {
			const name = tidy(text(at, len));
			const other = tidy(text(at2, len2));
			if (!files.has(name))
				return NOENT;
			if (files.has(other) || folders.has(other))
				return EXIST;
			files.set(other, files.get(name));
			return 0;
		},
		path_unlink_file(folder, at, len) {
			const name = tidy(text(at, len));
			if (folders.has(name))
				return ISDIR;
			return files.delete(name) ? 0 : NOENT;
		},
	};

	// ---- what the browser knows ----

	const regexes = [];
	const putText = (value, at, room) => {
		const line = encoder.encode(value).subarray(0, room);
		bytes(at, line.length).set(line);
		return line.length;
	};
	const browser = {
		host_to_ascii(at, len, to, room) {
			const host = text(at, len);
			// What would be no host to the URL parser, or an address.
			if (/[\0-\x20#%/:<>?@[\\\]^|\x7f]/.test(host))
				return -1;
			try {
				const found = new URL("https://" + host + "/").hostname;
				return encoder.encode(found).length > room ? -1
					: putText(found, to, room);
			} catch {
				return -1;
			}
		},
		regex_compile(at, len, error, room) {
			let pattern = text(at, len), flags = "";
			// PCRE2's way to write a flag.
			const letters = /^\(\?([is]+)\)/.exec(pattern);
			if (letters) {
				flags = [...new Set(letters[1])].join("");
				pattern = pattern.slice(letters[0].length);
			}
			try {
				regexes.push(new RegExp("^(?:" + pattern + ")$", flags));
				return regexes.length - 1;
			} catch (fault) {
				const end = room > 0
					? putText(fault.message, error, room - 1) : -1;
				if (end >= 0)
					bytes(error + end, 1)[0] = 0;
				return -1;
			}
		},
		regex_match: (number, at, len) =>
			regexes[number].test(text(at, len)) ? 1 : 0,
	};

	// ---- the run ----

	const imports = {wasi_snapshot_preview1: wasi, browser};
	for (const {module: from, name} of WebAssembly.Module.imports(module))
		imports[from][name] ??= () => NOSYS;
	const instance = await WebAssembly.instantiate(module, imports);
	memory = instance.exports.memory;
	let status = 0;
	try {
		instance.exports._start();
	} catch (end) {
		if (!(end instanceof Exit))
			throw end;
		status = Number(end.message);
	}
	const stdout = open[1] ? open[1].file.content : new Uint8Array();
	return {
		status, stdout, stderr: open[2] ? open[2].file.content : new Uint8Array(),
		files: Object.fromEntries([...files].map(([name, file]) =>
			[name, file.content])),
		approximate: regexes.length > 0,
	};
};
