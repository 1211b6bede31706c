//! Pictures: what is taken, what becomes of it, and what is not.

use std::io::Cursor;
use std::path::Path;

use axum::body::Body;
use axum::http::{Method, Request, header};
use image::{DynamicImage, GenericImageView as _, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use serde_json::Value;

use crate::harness::{App, Person, file_of};

/// A picture whose left half is red and whose right half is blue.
fn halves(width: u32, height: u32) -> DynamicImage {
    let left = Rgb([220, 20, 20]);
    let right = Rgb([20, 20, 220]);
    let color = |x, _| if x < width / 2 { left } else { right };
    RgbImage::from_fn(width, height, color).into()
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture.write_to(&mut Cursor::new(&mut bytes), format).expect("encodes");
    bytes
}

fn files(directory: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path.file_name().expect("name").to_string_lossy().into_owned());
        }
    }
    found.sort();
    found
}

async fn shown(app: &App, profile: &Value) -> (String, Vec<u8>) {
    let answer = app.get_as_stranger(&format!("/users/avatars/{}", file_of(profile))).await;
    assert_eq!(answer.status, 200);
    let media_type = answer.headers[header::CONTENT_TYPE].to_str().expect("text").to_owned();
    (media_type, answer.body)
}

#[tokio::test]
async fn every_kind_is_taken_made_to_fit_and_encoded_anew() {
    let app = App::start().await;
    let alice = app.known("alice").await;
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif] {
        let upload = encoded(&halves(700, 350), format);
        // What it is said to be does not matter.
        let profile = app.upload(&alice, "text/html", upload.clone()).await.expect(200);
        let (media_type, kept) = shown(&app, &profile).await;
        assert_eq!(media_type, "image/jpeg", "{format:?}");
        assert_ne!(kept, upload);
        let kept = image::load_from_memory(&kept).expect("a picture");
        assert_eq!(kept.dimensions(), (512, 256), "{format:?}");
        let (left, right) = (kept.get_pixel(50, 100).0, kept.get_pixel(450, 100).0);
        assert!(left[0] > 180 && left[2] < 80 && right[0] < 80 && right[2] > 180, "{format:?}");
    }
    assert_eq!(files(&app.data_dir.join("avatars")).len(), 1, "former pictures are removed");
    let seen = app.get(&app.known("bob").await, &format!("/users/{}", alice.id)).await.expect(200);
    assert!(seen["avatarUrl"].as_str().expect("one").ends_with(".jpg"));

    // A profile can be sent back as it was read; a picture elsewhere replaces the one here.
    let change = serde_json::json!({"avatarUrl": seen["avatarUrl"]});
    let same = app.patch(&alice, "/users/me", &change).await.expect(200);
    assert_eq!(same["avatarUrl"], seen["avatarUrl"]);
    let removed = app.delete(&alice, "/users/me/avatar").await.expect(200);
    assert_eq!(removed["avatarUrl"], Value::Null);
    assert!(files(&app.data_dir.join("avatars")).is_empty());
    app.delete(&alice, "/users/me/avatar").await.expect(200);
}

#[tokio::test]
async fn transparency_is_kept_and_small_pictures_are_not_blown_up() {
    let app = App::start().await;
    let alice = app.known("alice").await;
    let glass = RgbaImage::from_fn(20, 30, |x, _| Rgba([9, 9, 9, if x < 10 { 0 } else { 255 }]));
    let profile = app.upload(&alice, "image/png", encoded(&glass.into(), ImageFormat::Png)).await;
    let (media_type, kept) = shown(&app, &profile.expect(200)).await;
    assert_eq!(media_type, "image/png");
    let kept = image::load_from_memory(&kept).expect("a picture");
    assert_eq!((kept.dimensions(), kept.get_pixel(0, 0).0[3]), ((20, 30), 0));
}

/// A JPEG whose Exif says "turn by 90 degrees" and carries a secret.
fn with_exif(jpeg: &[u8]) -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08".to_vec();
    tiff.extend_from_slice(&[0, 1]);
    tiff.extend_from_slice(&[0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0]);
    tiff.extend_from_slice(&[0, 0, 0, 0]);
    tiff.extend_from_slice(b"GPS 52.5200 N 13.4050 E");
    let payload = [b"Exif\0\0".as_slice(), &tiff].concat();
    let length = u16::try_from(payload.len() + 2).expect("short").to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &payload, &jpeg[2..]].concat()
}

#[tokio::test]
async fn pictures_are_turned_upright_and_lose_their_metadata() {
    let app = App::start().await;
    let alice = app.known("alice").await;
    let upload = with_exif(&encoded(&halves(60, 40), ImageFormat::Jpeg));
    let profile = app.upload(&alice, "image/jpeg", upload).await.expect(200);
    let (_, kept) = shown(&app, &profile).await;
    assert!(!contains(&kept, b"GPS") && !contains(&kept, b"Exif"));
    let kept = image::load_from_memory(&kept).expect("a picture");
    assert_eq!(kept.dimensions(), (40, 60));
    let (above, below) = (kept.get_pixel(20, 5).0, kept.get_pixel(20, 55).0);
    assert!(above[0] > 180 && below[2] > 180, "{above:?} {below:?}");
}

#[tokio::test]
async fn what_hides_behind_a_picture_does_not_survive() {
    let app = App::start().await;
    let alice = app.known("alice").await;
    const SCRIPT: &[u8] = b"<script>alert(document.cookie)</script>";
    let png = encoded(&halves(30, 30), ImageFormat::Png);
    let gif = encoded(&halves(30, 30), ImageFormat::Gif);
    // A page, an archive and a program after the picture; a comment inside it.
    let trailing = [png.as_slice(), SCRIPT, b"PK\x03\x04", b"\x7fELF"].concat();
    let text = [b"tEXt".as_slice(), b"Comment\0", SCRIPT].concat();
    let length = u32::try_from(text.len() - 4).expect("short").to_be_bytes();
    let chunk = [length.as_slice(), &text, &crc32(&text).to_be_bytes()].concat();
    let commented = [&png[..33], &chunk, &png[33..]].concat();
    for (name, upload) in [
        ("trailing", trailing),
        ("comment", commented),
        ("gif and script", [gif.as_slice(), b"=1;//", SCRIPT].concat()),
    ] {
        assert!(contains(&upload, SCRIPT));
        let profile = app.upload(&alice, "image/png", upload).await.expect(200);
        let (_, kept) = shown(&app, &profile).await;
        for hidden in [b"<script".as_slice(), b"PK\x03\x04", b"\x7fELF", b"Comment"] {
            assert!(!contains(&kept, hidden), "{name}");
        }
    }
}

#[tokio::test]
async fn what_is_no_picture_is_refused() {
    let app = App::start().await;
    let alice = app.known("alice").await;
    let png = encoded(&halves(100, 100), ImageFormat::Png);
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>";
    for (name, upload) in [
        ("empty", Vec::new()),
        ("svg", svg.to_vec()),
        ("svg with a declaration", [b"<?xml version='1.0'?>".as_slice(), svg].concat()),
        ("html", b"<!doctype html><script>alert(1)</script>".to_vec()),
        ("a page that ends as a picture", [b"<html>".as_slice(), &png].concat()),
        ("pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3".to_vec()),
        ("bmp", b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0".to_vec()),
        ("tiff", b"II*\0\x08\0\0\0".to_vec()),
        ("ico", b"\0\0\x01\0\x01\0\x10\x10\0\0".to_vec()),
        ("avif", b"\0\0\0\x20ftypavif\0\0\0\0avifmif1".to_vec()),
        ("elf", b"\x7fELF\x02\x01\x01".to_vec()),
        ("riff that is a wave", b"RIFF\x24\0\0\0WAVEfmt ".to_vec()),
    ] {
        let answer = app.upload(&alice, "image/png", upload).await;
        assert_eq!(answer.status, 415, "{name}");
    }
    let flipped = {
        let mut bytes = png.clone();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 8].fill(0xa5);
        bytes
    };
    for (name, upload) in [
        ("magic only", png[..8].to_vec()),
        ("half", png[..png.len() / 2].to_vec()),
        ("changed", flipped),
        ("a gif of nothing", b"GIF89a".to_vec()),
        ("a jpeg of nothing", vec![0xff, 0xd8, 0xff, 0xe0, 0, 16]),
        ("a webp of nothing", b"RIFF\x04\0\0\0WEBP".to_vec()),
    ] {
        let answer = app.upload(&alice, "image/png", upload).await;
        assert_eq!(answer.status, 400, "{name} {}", String::from_utf8_lossy(&answer.body));
    }
    let own = app.get(&alice, "/users/me").await.expect(200);
    assert_eq!(own["avatarUrl"], Value::Null);
    assert!(files(&app.data_dir).is_empty());
}

/// The header of a PNG of any size, and nothing else.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend_from_slice(&width.to_be_bytes());
    header.extend_from_slice(&height.to_be_bytes());
    header.extend_from_slice(&[8, 6, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    png.extend_from_slice(&header);
    png.extend_from_slice(&crc32(&header).to_be_bytes());
    // Whoever reads on finds data that expands.
    let mut data = b"IDAT\x78\x9c".to_vec();
    data.extend_from_slice(&[0xed, 0xc1]);
    png.extend_from_slice(&u32::try_from(data.len() - 4).expect("short").to_be_bytes());
    png.extend_from_slice(&data);
    png.extend_from_slice(&crc32(&data).to_be_bytes());
    png
}

#[tokio::test]
async fn bombs_do_not_go_off() {
    let app = App::start().await;
    let alice = app.known("alice").await;
    let gif = {
        let mut bytes = b"GIF89a\xff\xff\xff\xff\x80\0\0".to_vec();
        bytes.extend_from_slice(&[0; 6]);
        bytes.extend_from_slice(b",\0\0\0\0\xff\xff\xff\xff\0\x02\x02\x44\x01\0;");
        bytes
    };
    let before = memory();
    for (name, upload) in [
        ("too wide", png_header(u32::MAX / 2, 1)),
        ("too many pixels", png_header(60_000, 60_000)),
        ("a little too many pixels", png_header(5_001, 5_000)),
        ("gif", gif),
    ] {
        let answer = app.upload(&alice, "image/png", upload).await;
        assert_eq!(answer.status, 400, "{name} {}", String::from_utf8_lossy(&answer.body));
    }
    // Four thousand million pixels would not fit into this.
    assert!(memory() < before + 700 * 1024, "{before} -> {} KiB", memory());

    // One colour, 24,000,000 pixels, a few kilobytes: within the limits, so it is taken.
    let plain = DynamicImage::from(image::GrayImage::new(6_000, 4_000));
    let bomb = encoded(&plain, ImageFormat::Png);
    assert!(bomb.len() < 200_000, "{}", bomb.len());
    app.upload(&alice, "image/png", bomb).await.expect(200);

    let limit = 5_242_880;
    let mut fits = encoded(&halves(30, 30), ImageFormat::Png);
    fits.resize(limit, 0);
    app.upload(&alice, "image/png", fits.clone()).await.expect(200);
    fits.push(0);
    app.upload(&alice, "image/png", fits).await.problem(413);
}

#[tokio::test]
async fn a_form_is_as_good_as_a_file() {
    let app = App::start().await;
    let alice = app.known("alice").await;
    let upload = encoded(&halves(30, 30), ImageFormat::Png);
    let form = [
        b"--b\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"../../../a.php\"\r\nContent-Type: text/x-php\r\n\r\n".as_slice(),
        &upload,
        b"\r\n--b--\r\n",
    ]
    .concat();
    let (path, kind) = ("/users/me/avatar", "multipart/form-data; boundary=b");
    let sent = app.call(&alice, Method::POST, path, Some(kind), form.clone()).await.expect(200);
    let put = app.upload(&alice, "image/png", upload).await.expect(200);
    assert_eq!(sent["avatarUrl"], put["avatarUrl"]);
    for (kind, body) in [(kind, b"--b--\r\n".to_vec()), ("image/png", form)] {
        app.call(&alice, Method::POST, path, Some(kind), body).await.problem(400);
    }
    let named: Vec<String> = files(&app.data_dir);
    assert!(named.iter().all(|name| name.len() == 64), "{named:?}");
}

#[tokio::test]
async fn paths_lead_nowhere() {
    let app = App::start().await;
    let alice = app.known("alice").await;
    let upload = encoded(&halves(30, 30), ImageFormat::Png);
    let name = file_of(&app.upload(&alice, "image/png", upload).await.expect(200));
    std::fs::write(app.data_dir.join("secret"), "key").expect("file");
    for path in [
        "..%2f..%2fsecret".to_owned(),
        "..%2f..%2f..%2f..%2f..%2fetc%2fpasswd".to_owned(),
        "%2e%2e%2fsecret".to_owned(),
        "%2fetc%2fpasswd".to_owned(),
        format!("..%2favatars%2f{name}"),
        format!("{}%2f{name}", &name[..2]),
        format!("{name}%00.png"),
        name.to_uppercase(),
        name.replace(".jpg", ".png"),
        name.replace(".jpg", ""),
        name.replace(".jpg", ".svg"),
        format!("{}.jpg", "0".repeat(64)),
        "%ff%fe".to_owned(),
    ] {
        let answer = app.get_as_stranger(&format!("/users/avatars/{path}")).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    app.get_as_stranger("/users/avatars/../../secret").await.problem(404);
}

#[tokio::test]
async fn pictures_are_shown_safely_and_kept_by_caches() {
    let app = App::start().await;
    let alice = app.known("alice").await;
    let upload = encoded(&halves(30, 30), ImageFormat::Png);
    let profile = app.upload(&alice, "image/png", upload).await.expect(200);
    let path = format!("/users/avatars/{}", file_of(&profile));
    let answer = app.get_as_stranger(&path).await;
    assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert_eq!(answer.headers[header::CONTENT_SECURITY_POLICY], "default-src 'none'; sandbox");
    assert_eq!(answer.headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
    let tag = answer.headers[header::ETAG].clone();
    let request = Request::get(&path).header(header::IF_NONE_MATCH, tag);
    let again = app.send(request.body(Body::empty()).expect("a request")).await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    let other = Request::get(&path).header(header::IF_NONE_MATCH, "\"other\"");
    assert_eq!(app.send(other.body(Body::empty()).expect("a request")).await.status, 200);
}

#[tokio::test]
async fn a_picture_of_two_stays_until_the_second_leaves_it() {
    let app = App::start().await;
    let (alice, bob) = (app.known("alice").await, app.known("bob").await);
    let upload = encoded(&halves(30, 30), ImageFormat::Png);
    let give =
        async |person: &Person| app.upload(person, "image/png", upload.clone()).await.expect(200);
    let (first, second) = tokio::join!(give(&alice), give(&bob));
    assert_eq!(first["avatarUrl"], second["avatarUrl"]);
    let kept = || files(&app.data_dir.join("avatars"));
    assert_eq!(kept().len(), 1);
    app.delete(&alice, "/users/me/avatar").await.expect(200);
    assert_eq!(kept().len(), 1);
    shown(&app, &second).await;
    let change = serde_json::json!({"avatarUrl": "https://example.org/b.png"});
    app.patch(&bob, "/users/me", &change).await.expect(200);
    // A change of the address leaves the file to the regular tidying up.
    let path = format!("/users/avatars/{}", file_of(&second));
    give(&alice).await;
    app.delete(&alice, "/users/me/avatar").await.expect(200);
    assert!(kept().is_empty());
    assert_eq!(app.get_as_stranger(&path).await.status, 404);
}

/// What the process holds, in KiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a line");
    line.split_whitespace().nth(1).expect("a number").parse().expect("a number")
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// PNG's checksum (ISO 15948, annex D).
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
        }
    }
    !crc
}
