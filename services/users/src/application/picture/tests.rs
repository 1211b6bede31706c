//! What uploads are refused for, what becomes of the others, and what memory both take.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use image::{GrayImage, Luma, Rgb, RgbImage, Rgba};

use super::*;

const LIMITS: PictureLimits = PictureLimits { bytes: 5_242_880, pixels: 25_000_000, side: 512 };

fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture.into().write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).expect("encodes");
    assert!(bytes.len() <= LIMITS.bytes, "{}", bytes.len());
    bytes
}

/// A chunk of a PNG (ISO 15948, section 5.3).
fn chunk(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let mut crc = u32::MAX;
    for byte in kind.iter().chain(content) {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
        }
    }
    let length = u32::try_from(content.len()).expect("short").to_be_bytes();
    [&length[..], &kind, content, &(!crc).to_be_bytes()].concat()
}

/// A PNG that says it has this size.
fn png_said_to_be(width: u32, height: u32) -> Vec<u8> {
    let plain = png(GrayImage::new(8, 8));
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    // The signature and the head of the chunk; its depth and colours; the other chunks.
    let header = chunk(*b"IHDR", &[&size, &plain[24..29]].concat());
    [&plain[..8], &header, &plain[33..]].concat()
}

#[test]
fn pictures_that_are_too_long_are_refused_in_both_directions() {
    let long = LONGEST_SIDE + 1;
    for (width, height) in [(25_000_000, 1), (1, 25_000_000), (long, 1), (1, long), (long, 2_000)] {
        let upload = png_said_to_be(width, height);
        let found = check(&upload, &LIMITS);
        assert!(
            matches!(found, Err(PictureError::TooLong { limit: LONGEST_SIDE })),
            "{width}x{height}: {found:?}"
        );
        assert!(read(&upload, &LIMITS).is_err());
    }
    // Formats whose headers say it in other places.
    for format in [ImageFormat::Gif, ImageFormat::Jpeg, ImageFormat::WebP] {
        for (width, height) in [(long, 1), (1, long)] {
            let mut upload = Vec::new();
            let picture = DynamicImage::from(RgbImage::new(width, height));
            picture.write_to(&mut Cursor::new(&mut upload), format).expect("encodes");
            let found = check(&upload, &LIMITS);
            assert!(matches!(found, Err(PictureError::TooLong { .. })), "{format:?}: {found:?}");
        }
    }
    for (width, height) in [(LONGEST_SIDE, 1), (1, LONGEST_SIDE)] {
        let kept = read(&png(GrayImage::new(width, height)), &LIMITS).expect("taken");
        let kept = image::load_from_memory(&kept.content).expect("a picture");
        assert_eq!(kept.width().max(kept.height()), LIMITS.side);
        assert_eq!(kept.width().min(kept.height()), 1);
    }
}

#[test]
fn deep_pictures_are_refused_when_their_bytes_are_too_many() {
    let limits = PictureLimits { pixels: 250_000, ..LIMITS };
    let deep =
        |side| png(image::ImageBuffer::from_pixel(side, side, Rgba([9_u16, 9, 9, u16::MAX])));
    let found = check(&deep(499), &limits);
    assert!(matches!(found, Err(PictureError::TooMuchMemory)), "{found:?}");
    read(&deep(353), &limits).expect("taken");
}

#[test]
fn large_pictures_keep_their_shape_and_colours() {
    for (width, height, kept) in [
        (4_000, 3_000, (512, 384)),
        (2_047, 1_001, (512, 250)),
        (2_049, 1_001, (512, 250)),
        (300, 3_001, (51, 512)),
        (513, 513, (512, 512)),
    ] {
        let (left, right) = (Rgb([220, 20, 20]), Rgb([20, 20, 220]));
        let upload =
            png(RgbImage::from_fn(width, height, |x, _| if x < width / 2 { left } else { right }));
        let picture = read(&upload, &LIMITS).expect("taken");
        let picture = image::load_from_memory(&picture.content).expect("a picture").to_rgb8();
        assert_eq!(picture.dimensions(), kept);
        let at = |eighths: u32| picture.get_pixel(kept.0 * eighths / 8, kept.1 / 2).0;
        for (eighths, most, least) in [(0, 0, 2), (3, 0, 2), (5, 2, 0), (7, 2, 0)] {
            let colour = at(eighths);
            assert!(colour[most] > 190 && colour[least] < 60, "{width}x{height} {colour:?}");
        }
    }
    // Lines a pixel wide become their mean and no pattern.
    let lines = |x: u32, _| Luma([if x.is_multiple_of(2) { 255 } else { 0 }]);
    let picture = read(&png(GrayImage::from_fn(4_000, 4_000, lines)), &LIMITS).expect("taken");
    let picture = image::load_from_memory(&picture.content).expect("a picture").to_luma8();
    assert!(picture.pixels().all(|pixel| (108..=148).contains(&pixel.0[0])));
}

/// What this process held at most, in KiB.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a line");
    line.split_whitespace().nth(1).expect("a number").parse().expect("a number")
}

/// Reads the upload in a process that does nothing else; the KiB it took, at most.
fn measured(upload: &Path) -> u64 {
    let name = "application::picture::tests::child";
    let output = Command::new(std::env::current_exe().expect("a program"))
        .args(["--exact", name, "--ignored", "--nocapture"])
        .stdin(File::open(upload).expect("the upload"))
        .output()
        .expect("starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    let (_, rest) = text.split_once("KiB=").expect("a measurement");
    rest.split_whitespace().next().expect("a number").parse().expect("a number")
}

#[test]
#[ignore = "is the child process of the test below"]
fn child() {
    let mut upload = Vec::new();
    std::io::stdin().read_to_end(&mut upload).expect("an upload");
    let before = most_memory();
    let _ = check(&upload, &LIMITS);
    let _ = read(&upload, &LIMITS);
    println!("KiB={} ", most_memory() - before);
}

#[test]
fn memory_is_bounded_whatever_the_shape() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("upload");
    // A profile that says it is small and is 64 MB: noughts, stored by repetition.
    let bomb = {
        let plain = png(GrayImage::new(8, 8));
        let noughts = png(GrayImage::new(8_000, 8_000));
        let data = noughts.windows(4).position(|name| name == b"IDAT").expect("data");
        let length = <[u8; 4]>::try_from(&noughts[data - 4..data]).expect("four bytes");
        let length = usize::try_from(u32::from_be_bytes(length)).expect("fits");
        let profile = [b"p\0\0".as_slice(), &noughts[data + 4..data + 4 + length]].concat();
        [&plain[..33], &chunk(*b"iCCP", &profile), &plain[33..]].concat()
    };
    let deep = image::ImageBuffer::from_pixel(3_535, 3_535, Rgba([9_u16, 9, 9, u16::MAX]));
    // In MB; 25 are the pixels themselves where they are grey, 100 where they are not.
    for (name, most, upload) in [
        ("wide", 20, png(GrayImage::new(25_000_000, 1))),
        ("high", 20, png_said_to_be(1, 25_000_000)),
        ("wide but allowed", 20, png(GrayImage::new(10_000, 1))),
        ("high but allowed", 20, png(GrayImage::new(1, 10_000))),
        ("panorama", 60, png(GrayImage::new(10_000, 2_500))),
        ("tower", 60, png(GrayImage::new(2_500, 10_000))),
        ("square", 150, png(image::RgbaImage::new(5_000, 5_000))),
        ("deep", 150, png(deep)),
        ("profile", 30, bomb),
    ] {
        std::fs::write(&path, upload).expect("written");
        let took = measured(&path);
        assert!(took < most * 1_000, "{name}: {took} KiB");
    }
}
