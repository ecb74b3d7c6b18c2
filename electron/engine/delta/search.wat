;; The inner loops of the delta search: weak sums of blocks, and a window that slides over a source until its weak sum is
;; one of the basis (protocol reference 7.6 and 7.7). search-memory.ts owns the memory and calls in; what each function
;; has to give is written down in TypeScript as well, in checksum/rolling.ts and plain-search.ts.
;;
;; Both halves of a weak sum, s1 and s2, count modulo 2^16. So the vectors below hold eight 16-bit lanes that may wrap at
;; any time, and wider numbers are cut to 16 bits at the end only.
;;
;; Memory: 0 the weak sum of the window; from 16 on, by lane, where the word of the bitmap is, from 48 on the number of the
;; bit, from 80 on the weak sum; what comes behind 112 is laid out by the caller.
(module
  (memory (export "memory") 1)

  ;; Spreads a weak sum over 32 bits, the same as HASH_FACTOR in block-index.ts.
  (global $factor i32 (i32.const 0x9e3779b1))

  ;; What is searched for, set by "begin": bytes of a window, and where the arrays of block-index.ts begin.
  (global $length (mut i32) (i32.const 0))
  (global $bitmap (mut i32) (i32.const 0))
  (global $bitmapShift (mut i32) (i32.const 0))
  (global $buckets (mut i32) (i32.const 0))
  (global $bucketShift (mut i32) (i32.const 0))
  (global $chain (mut i32) (i32.const 0))
  (global $weak (mut i32) (i32.const 0))

  (func (export "begin")
    (param $length i32)
    (param $bitmap i32) (param $bitmapShift i32)
    (param $buckets i32) (param $bucketShift i32)
    (param $chain i32) (param $weak i32)
    (global.set $length (local.get $length))
    (global.set $bitmap (local.get $bitmap))
    (global.set $bitmapShift (local.get $bitmapShift))
    (global.set $buckets (local.get $buckets))
    (global.set $bucketShift (local.get $bucketShift))
    (global.set $chain (local.get $chain))
    (global.set $weak (local.get $weak)))

  ;; The sum of eight lanes, of which the low 16 bits count.
  (func $total (param $lanes v128) (result i32)
    (local $pairs v128)
    (local.set $pairs (i32x4.extadd_pairwise_i16x8_s (local.get $lanes)))
    (i32.add
      (i32.add (i32x4.extract_lane 0 (local.get $pairs)) (i32x4.extract_lane 1 (local.get $pairs)))
      (i32.add (i32x4.extract_lane 2 (local.get $pairs)) (i32x4.extract_lane 3 (local.get $pairs)))))

  ;; The weak sum of the bytes [at, at + length).
  ;;
  ;; Of a stretch of 16 bytes v, s1 grows by their sum, and s2 by 16 times the s1 before it and by 16 v0 + 15 v1 + … + v15.
  ;; So three sums are kept apart by lane, and weighed once at the end: of pairs of neighbours, of that sum as it was
  ;; before each stretch, and of the bytes with odd numbers, which weigh one less than the left one of their pair.
  (func (export "weakSum") (param $at i32) (param $length i32) (result i32)
    (local $end i32) (local $s1 i32) (local $s2 i32)
    (local $bytes v128) (local $pairs v128) (local $before v128) (local $odd v128)
    (local.set $end (i32.add (local.get $at) (i32.and (local.get $length) (i32.const -16))))
    (block $summed
      (loop $stretch
        (br_if $summed (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $bytes (v128.load (local.get $at)))
        (local.set $before (i16x8.add (local.get $before) (local.get $pairs)))
        (local.set $pairs (i16x8.add (local.get $pairs) (i16x8.extadd_pairwise_i8x16_s (local.get $bytes))))
        (local.set $odd (i16x8.add (local.get $odd) (i16x8.shr_s (local.get $bytes) (i32.const 8))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $stretch)))
    (local.set $s1 (call $total (local.get $pairs)))
    (local.set $s2
      (call $total
        (i16x8.add
          (i16x8.mul (local.get $pairs) (v128.const i16x8 16 14 12 10 8 6 4 2))
          (i16x8.sub (i16x8.shl (local.get $before) (i32.const 4)) (local.get $odd)))))
    (local.set $end (i32.add (local.get $end) (i32.and (local.get $length) (i32.const 15))))
    (block $done
      (loop $byte
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $s1 (i32.add (local.get $s1) (i32.load8_s (local.get $at))))
        (local.set $s2 (i32.add (local.get $s2) (local.get $s1)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $byte)))
    (i32.or (i32.and (local.get $s1) (i32.const 0xffff)) (i32.shl (local.get $s2) (i32.const 16))))

  ;; Whether a block has this weak sum; also where its bucket holds more blocks than are looked at (MAX_CANDIDATES).
  (func $known (param $weak i32) (result i32)
    (local $block i32) (local $left i32)
    (local.set $left (i32.const 1024))
    (local.set $block
      (i32.load
        (i32.add
          (global.get $buckets)
          (i32.shl
            (i32.shr_u (i32.mul (local.get $weak) (global.get $factor)) (global.get $bucketShift))
            (i32.const 2)))))
    (loop $next
      (if (i32.lt_s (local.get $block) (i32.const 0)) (then (return (i32.const 0))))
      (local.set $block (i32.shl (local.get $block) (i32.const 2)))
      (if (i32.eq (i32.load (i32.add (global.get $weak) (local.get $block))) (local.get $weak))
        (then (return (i32.const 1))))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (if (i32.eqz (local.get $left)) (then (return (i32.const 1))))
      (local.set $block (i32.load (i32.add (global.get $chain) (local.get $block))))
      (br $next))
    (unreachable))

  ;; Slides the window on from "at", whose weak sum is in memory at 0, to the first position below "stop" whose sum is
  ;; known, or to "stop". Returns where it ended, with the weak sum of that position in memory at 0.
  (func (export "scan") (param $at i32) (param $stop i32) (result i32)
    (local $s1 i32) (local $s2 i32) (local $weak i32) (local $bit i32) (local $out i32) (local $lane i32)
    (local $length i32) (local $bitmap i32) (local $shift i32)
    (local $zero v128) (local $lengths v128) (local $factors v128) (local $bitmaps v128)
    (local $outs v128) (local $run v128) (local $s1s v128) (local $s2s v128)
    (local $low v128) (local $high v128) (local $lowBits v128) (local $highBits v128)
    (local.set $length (global.get $length))
    (local.set $bitmap (global.get $bitmap))
    (local.set $shift (global.get $bitmapShift))
    (local.set $lengths (i16x8.splat (local.get $length)))
    (local.set $factors (i32x4.splat (global.get $factor)))
    (local.set $bitmaps (i32x4.splat (local.get $bitmap)))
    (local.set $s1 (i32.load16_u (i32.const 0)))
    (local.set $s2 (i32.load16_u (i32.const 2)))
    (loop $position
      ;; One position: the first one, and the last few before "stop".
      (local.set $weak
        (i32.or (i32.and (local.get $s1) (i32.const 0xffff)) (i32.shl (local.get $s2) (i32.const 16))))
      (if (i32.ge_s (local.get $at) (local.get $stop))
        (then
          (i32.store (i32.const 0) (local.get $weak))
          (return (local.get $at))))
      (local.set $bit (i32.shr_u (i32.mul (local.get $weak) (global.get $factor)) (local.get $shift)))
      (if
        (i32.and
          (i32.shr_u
            (i32.load
              (i32.add
                (local.get $bitmap)
                (i32.and (i32.shr_u (local.get $bit) (i32.const 3)) (i32.const -4))))
            (local.get $bit))
          (i32.const 1))
        (then
          (if (call $known (local.get $weak))
            (then
              (i32.store (i32.const 0) (local.get $weak))
              (return (local.get $at))))))

      ;; Eight positions at a time, at + 1 to at + 8.
      (local.set $s1s (i16x8.splat (local.get $s1)))
      (local.set $s2s (i16x8.splat (local.get $s2)))
      (block $few
        (loop $eight
          (br_if $few (i32.ge_s (i32.add (local.get $at) (i32.const 8)) (local.get $stop)))
          ;; s1 grows by what enters less what leaves; a running sum makes of that the s1 of every position.
          (local.set $outs (v128.load8x8_s (local.get $at)))
          (local.set $run
            (i16x8.sub (v128.load8x8_s (i32.add (local.get $at) (local.get $length))) (local.get $outs)))
          (local.set $run
            (i16x8.add (local.get $run)
              (i8x16.shuffle 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 (local.get $zero) (local.get $run))))
          (local.set $run
            (i16x8.add (local.get $run)
              (i8x16.shuffle 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 (local.get $zero) (local.get $run))))
          (local.set $run
            (i16x8.add (local.get $run)
              (i8x16.shuffle 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 (local.get $zero) (local.get $run))))
          (local.set $s1s (i16x8.add (local.get $s1s) (local.get $run)))
          ;; s2 grows by the new s1 less what leaves, once for every byte of the window.
          (local.set $run (i16x8.sub (local.get $s1s) (i16x8.mul (local.get $outs) (local.get $lengths))))
          (local.set $run
            (i16x8.add (local.get $run)
              (i8x16.shuffle 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 (local.get $zero) (local.get $run))))
          (local.set $run
            (i16x8.add (local.get $run)
              (i8x16.shuffle 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 (local.get $zero) (local.get $run))))
          (local.set $run
            (i16x8.add (local.get $run)
              (i8x16.shuffle 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 (local.get $zero) (local.get $run))))
          (local.set $s2s (i16x8.add (local.get $s2s) (local.get $run)))
          ;; The weak sums, the numbers of their bits, and the words these are in.
          (local.set $low
            (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23 (local.get $s1s) (local.get $s2s)))
          (local.set $high
            (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31 (local.get $s1s) (local.get $s2s)))
          (local.set $lowBits (i32x4.shr_u (i32x4.mul (local.get $low) (local.get $factors)) (local.get $shift)))
          (local.set $highBits (i32x4.shr_u (i32x4.mul (local.get $high) (local.get $factors)) (local.get $shift)))
          (v128.store offset=48 (i32.const 0) (local.get $lowBits))
          (v128.store offset=64 (i32.const 0) (local.get $highBits))
          (v128.store offset=16 (i32.const 0)
            (i32x4.add (local.get $bitmaps)
              (v128.and (i32x4.shr_u (local.get $lowBits) (i32.const 3)) (v128.const i32x4 -4 -4 -4 -4))))
          (v128.store offset=32 (i32.const 0)
            (i32x4.add (local.get $bitmaps)
              (v128.and (i32x4.shr_u (local.get $highBits) (i32.const 3)) (v128.const i32x4 -4 -4 -4 -4))))
          ;; The lowest bit of each word shifted by its bit number; written out, as a call would cost more than it does.
          (if
            (i32.and
              (i32.or
                (i32.or
                  (i32.or
                    (i32.shr_u (i32.load (i32.load (i32.const 16))) (i32.load (i32.const 48)))
                    (i32.shr_u (i32.load (i32.load (i32.const 20))) (i32.load (i32.const 52))))
                  (i32.or
                    (i32.shr_u (i32.load (i32.load (i32.const 24))) (i32.load (i32.const 56)))
                    (i32.shr_u (i32.load (i32.load (i32.const 28))) (i32.load (i32.const 60)))))
                (i32.or
                  (i32.or
                    (i32.shr_u (i32.load (i32.load (i32.const 32))) (i32.load (i32.const 64)))
                    (i32.shr_u (i32.load (i32.load (i32.const 36))) (i32.load (i32.const 68))))
                  (i32.or
                    (i32.shr_u (i32.load (i32.load (i32.const 40))) (i32.load (i32.const 72)))
                    (i32.shr_u (i32.load (i32.load (i32.const 44))) (i32.load (i32.const 76))))))
              (i32.const 1))
            (then
              (v128.store offset=80 (i32.const 0) (local.get $low))
              (v128.store offset=96 (i32.const 0) (local.get $high))
              (local.set $lane (i32.const 0))
              (loop $each
                (if
                  (i32.and
                    (i32.shr_u
                      (i32.load (i32.load offset=16 (local.get $lane)))
                      (i32.load offset=48 (local.get $lane)))
                    (i32.const 1))
                  (then
                    (local.set $weak (i32.load offset=80 (local.get $lane)))
                    (if (call $known (local.get $weak))
                      (then
                        (i32.store (i32.const 0) (local.get $weak))
                        (return
                          (i32.add
                            (i32.add (local.get $at) (i32.const 1))
                            (i32.shr_u (local.get $lane) (i32.const 2))))))))
                (local.set $lane (i32.add (local.get $lane) (i32.const 4)))
                (br_if $each (i32.lt_u (local.get $lane) (i32.const 32))))))
          (local.set $at (i32.add (local.get $at) (i32.const 8)))
          ;; On from the last of the eight.
          (local.set $s1s
            (i8x16.shuffle 14 15 14 15 14 15 14 15 14 15 14 15 14 15 14 15 (local.get $s1s) (local.get $s1s)))
          (local.set $s2s
            (i8x16.shuffle 14 15 14 15 14 15 14 15 14 15 14 15 14 15 14 15 (local.get $s2s) (local.get $s2s)))
          (br $eight)))

      (local.set $s1 (i16x8.extract_lane_u 0 (local.get $s1s)))
      (local.set $s2 (i16x8.extract_lane_u 0 (local.get $s2s)))
      (local.set $out (i32.load8_s (local.get $at)))
      (local.set $s1
        (i32.add
          (i32.sub (local.get $s1) (local.get $out))
          (i32.load8_s (i32.add (local.get $at) (local.get $length)))))
      (local.set $s2
        (i32.add
          (i32.sub (local.get $s2) (i32.mul (local.get $length) (local.get $out)))
          (local.get $s1)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $position))
    (unreachable)))
