// Workloads in C, each an export that takes how much to do and returns a number
// that depends on all of it. programs.wasm was built from it by Debian's clang
// and lld 14.0.6:
//
//	clang --target=wasm32 -O2 -nostdlib -ffreestanding -Wl,--no-entry -Wl,--strip-all -o programs.wasm programs.c
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(#name)))

static u32 state;

static u32 next(void) { // xorshift32
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

static u32 words[1 << 16];
static u8 bytes[1 << 17], packed[1 << 18];

// chacha makes n blocks of ChaCha20's key stream: adds, rotates, no memory.
static u32 rotl(u32 v, int n) { return v << n | v >> (32 - n); }

#define QUARTER(a, b, c, d) \
	a += b; d = rotl(d ^ a, 16); c += d; b = rotl(b ^ c, 12); \
	a += b; d = rotl(d ^ a, 8); c += d; b = rotl(b ^ c, 7);

EXPORT(chacha) u64 chacha(u32 n) {
	u32 in[16], x[16];
	u64 sum = 0;
	for (int i = 0; i < 16; i++) in[i] = 0x61707865u * (i + 1);
	for (; n > 0; n--) {
		in[12]++;
		for (int i = 0; i < 16; i++) x[i] = in[i];
		for (int round = 0; round < 10; round++) {
			QUARTER(x[0], x[4], x[8], x[12])
			QUARTER(x[1], x[5], x[9], x[13])
			QUARTER(x[2], x[6], x[10], x[14])
			QUARTER(x[3], x[7], x[11], x[15])
			QUARTER(x[0], x[5], x[10], x[15])
			QUARTER(x[1], x[6], x[11], x[12])
			QUARTER(x[2], x[7], x[8], x[13])
			QUARTER(x[3], x[4], x[9], x[14])
		}
		for (int i = 0; i < 16; i++) sum = sum * 31 + (x[i] + in[i]);
	}
	return sum;
}

// quicksort sorts n words, compared through a pointer to a function.
static int up(u32 a, u32 b) { return a < b ? -1 : a > b; }
static int down(u32 a, u32 b) { return up(b, a); }

static void sort(u32 *v, int n, int (*compare)(u32, u32)) {
	while (n > 1) {
		u32 pivot = v[n / 2];
		int i = 0, j = n - 1;
		while (i <= j) {
			while (compare(v[i], pivot) < 0) i++;
			while (compare(v[j], pivot) > 0) j--;
			if (i <= j) {
				u32 t = v[i];
				v[i++] = v[j];
				v[j--] = t;
			}
		}
		sort(v, j + 1, compare);
		v += i;
		n -= i;
	}
}

EXPORT(quicksort) u64 quicksort(u32 n) {
	u64 sum = 0;
	if (n > 1 << 16) n = 1 << 16;
	state = 1;
	for (u32 i = 0; i < n; i++) words[i] = next();
	sort(words, n, n % 2 ? up : down);
	for (u32 i = 0; i < n; i++) sum = sum * 31 + words[i];
	return sum;
}

// compress packs a text of n kilobytes with a dictionary of what came before.
EXPORT(compress) u64 compress(u32 n) {
	u64 sum = 0;
	state = 7;
	for (; n > 0; n -= n < 64 ? n : 64) {
		u32 size = (n < 64 ? n : 64) << 10, at = 0, to = 0;
		for (u32 i = 0; i < size; i++) bytes[i] = next() % 5 ? bytes[(i - 37) & 1023] : 'a' + next() % 16;
		for (u32 i = 0; i < 1 << 13; i++) words[i] = 0;
		while (at + 4 < size) {
			u32 h = (bytes[at] * 2654435761u + bytes[at + 1] * 40503u + bytes[at + 2] * 97u) >> 19;
			u32 from = words[h], length = 0;
			words[h] = at + 1;
			if (from--)
				while (at + length < size && length < 255 && bytes[from + length] == bytes[at + length]) length++;
			if (length > 3) {
				packed[to++] = 255;
				packed[to++] = length;
				packed[to++] = (at - from) >> 8;
				packed[to++] = at - from;
				at += length;
			} else {
				packed[to++] = bytes[at++];
			}
		}
		for (u32 i = 0; i < to; i++) sum = sum * 31 + packed[i];
	}
	return sum;
}

// bodies moves five bodies n steps: floating point.
static double root(double v) { return __builtin_sqrt(v); }

EXPORT(bodies) u64 bodies(u32 n) {
	double p[5][3], v[5][3], mass[5] = {39.5, .037, .011, .0017, .002}, sum = 0;
	for (int i = 0; i < 5; i++)
		for (int k = 0; k < 3; k++) p[i][k] = i * (k + 1.25), v[i][k] = (k - 1) * .4 / (i + 1);
	for (; n > 0; n--) {
		for (int i = 0; i < 5; i++)
			for (int j = i + 1; j < 5; j++) {
				double d[3], square = .01;
				for (int k = 0; k < 3; k++) d[k] = p[i][k] - p[j][k], square += d[k] * d[k];
				double pull = .001 / (square * root(square));
				for (int k = 0; k < 3; k++) v[i][k] -= d[k] * mass[j] * pull, v[j][k] += d[k] * mass[i] * pull;
			}
		for (int i = 0; i < 5; i++)
			for (int k = 0; k < 3; k++) p[i][k] += .001 * v[i][k];
	}
	for (int i = 0; i < 5; i++) sum += p[i][0] + p[i][1] * 3 + p[i][2] * 5;
	return (u64)(sum * 1e6);
}

// queens counts the ways to put n queens on a board: recursion, bits.
static u64 place(u32 all, u32 columns, u32 left, u32 right) {
	u64 count = 0;
	if (columns == all) return 1;
	for (u32 free = all & ~(columns | left | right); free; free &= free - 1) {
		u32 bit = free & -free;
		count += place(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
	}
	return count;
}

EXPORT(queens) u64 queens(u32 n) { return place((1u << n) - 1, 0, 0, 0); }

// hashes puts n numbers in an open table and counts those that were there.
EXPORT(hashes) u64 hashes(u32 n) {
	u64 sum = 0;
	state = 3;
	for (u32 i = 0; i < 1 << 16; i++) words[i] = 0;
	for (u32 used = 0; n > 0; n--) {
		u32 key = next() % 100000 + 1, at = key * 2654435761u >> 16;
		while (words[at] && words[at] != key) at = (at + 1) & 0xffff;
		if (words[at]) sum += at;
		else if (used < 48000) words[at] = key, used++;
	}
	return sum;
}
