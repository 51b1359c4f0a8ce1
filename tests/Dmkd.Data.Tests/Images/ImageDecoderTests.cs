using Dmkd.Data.Images.Folders;
using SkiaSharp;

namespace Dmkd.Data.Tests.Images;

public sealed class ImageDecoderTests
{
    // Made by Pillow: Skia's encoder forgets the colour of transparent pixels, and writes no GIF, CMYK or TIFF.
    private const string Rgba =
        "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAYAAABytg0kAAAAFElEQVR4nGM4kWLEwCUi18DEAAUAHlYCHQ4QfqIAAAAASUVO" + "RK5CYII=";
    private const string GreyAlpha =
        "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAQAAADYv8WvAAAAEklEQVR4nGOIYpD7z8TAwMAAAAoKAXpwiz7vAAAAAElFTkSu" + "QmCC";
    private const string Gif = "R0lGODdhAgACAJEAAP///8hkMgoUHgAAACwAAAAAAgACAAAIBwADCBgAICAAOw==";
    private const string Cmyk =
        "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4LCxAWEBET"
        + "FBUVFQwPFxgWFBgSFBUU/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//E"
        + "ALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2"
        + "Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrC"
        + "w8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASwAAPwD9U6ZXx5X6O1//2Q==";
    private const string Tiff =
        "SUkqAAgAAAAKAAABBAABAAAABAAAAAEBBAABAAAABAAAAAIBAwADAAAAhgAAAAMBAwABAAAAAQAAAAYBAwABAAAAAgAAABEB"
        + "BAABAAAAjAAAABUBAwABAAAAAwAAABYBBAABAAAABAAAABcBBAABAAAAMAAAABwBAwABAAAAAQAAAAAAAAAIAAgACAAJCAcJ"
        + "CAcJCAcJCAcJCAcJCAcJCAcJCAcJCAcJCAcJCAcJCAcJCAcJCAcJCAcJCAc=";

    [Fact]
    public void Decode_SameSize_IsThePlanesExactly()
    {
        byte[] png = TestImages.Encode(
            2,
            2,
            (x, y) => new SKColor((byte)(10 * x), (byte)(20 * y), 30),
            SKEncodedImageFormat.Png
        );

        Assert.Equal([0, 10, 0, 10, 0, 0, 20, 20, 30, 30, 30, 30], ImageDecoder.Decode(png, "a.png", 2));
    }

    [Theory]
    [InlineData(64, 48)]
    [InlineData(5, 9)]
    public void Decode_OtherSize_KeepsAPlainColour(int width, int height)
    {
        byte[] pixels = ImageDecoder.Decode(TestImages.Png(width, height, 200, 100, 50), "a.png", 32);

        Assert.Equal(3 * 32 * 32, pixels.Length);
        // Resampling a constant is exact up to rounding.
        Assert.All(pixels[..1024], value => Assert.InRange(value, 199, 201));
        Assert.All(pixels[2048..], value => Assert.InRange(value, 49, 51));
    }

    [Fact]
    public void Decode_MuchLarger_AveragesInsteadOfSkippingPixels()
    {
        byte[] stripes = TestImages.Encode(
            512,
            512,
            (x, _) => x % 2 == 0 ? SKColors.White : SKColors.Black,
            SKEncodedImageFormat.Png
        );

        Assert.All(ImageDecoder.Decode(stripes, "stripes.png", 32), value => Assert.InRange(value, 118, 138));
    }

    [Fact]
    public void Decode_GreyScale_IsThreeEqualPlanes()
    {
        using var bitmap = new SKBitmap(new SKImageInfo(8, 8, SKColorType.Gray8, SKAlphaType.Opaque));
        bitmap.Erase(new SKColor(120, 120, 120));
        using var data = bitmap.Encode(SKEncodedImageFormat.Jpeg, 95);

        byte[] pixels = ImageDecoder.Decode(data.ToArray(), "grey.jpg", 8);

        Assert.Equal(pixels[..64], pixels[64..128]);
        Assert.Equal(pixels[..64], pixels[128..]);
    }

    /// <summary>As <c>Image.open(file).convert("RGB")</c>, which is how torchvision loads images.</summary>
    [Theory]
    [InlineData("transparent", Rgba, new[] { 200, 10, 200, 10, 100, 20, 100, 20, 50, 30, 50, 30 })]
    [InlineData("grey and transparent", GreyAlpha, new[] { 90, 30, 90, 30, 90, 30, 90, 30, 90, 30, 90, 30 })]
    [InlineData("gif", Gif, new[] { 200, 10, 0, 255, 100, 20, 0, 255, 50, 30, 0, 255 })]
    public void Decode_OtherKindOfPixels_IsWhatTorchvisionLoads(string name, string base64, int[] expected)
    {
        byte[] pixels = ImageDecoder.Decode(Convert.FromBase64String(base64), name, 2);

        Assert.Equal(expected, pixels.Select(value => (int)value));
    }

    [Fact]
    public void Decode_CmykJpeg_IsNearPillowsColours()
    {
        byte[] pixels = ImageDecoder.Decode(Convert.FromBase64String(Cmyk), "cmyk.JPEG", 8);

        // Pillow gives 235, 117, 51; the colours of inks are rounded in another order.
        int[] expected = [235, 117, 51];
        for (int channel = 0; channel < 3; channel++)
            Assert.InRange(pixels[64 * channel], expected[channel] - 3, expected[channel] + 3);
    }

    [Fact]
    public void Decode_Tiff_IsRefusedByName() =>
        DatasetErrors.Expect(
            () => ImageDecoder.Decode(Convert.FromBase64String(Tiff), "a.png", 8),
            "a.png is not a readable image"
        );

    [Fact]
    public void Decode_Stream_EqualsSpan()
    {
        byte[] jpeg = TestImages.Jpeg();
        using var stream = new MemoryStream(jpeg);

        Assert.Equal(ImageDecoder.Decode(jpeg, "a.jpg", 32), ImageDecoder.Decode(stream, "a.jpg", 32));
    }

    [Theory]
    [InlineData(3, 30, 20, 10, 0)] // turned by 180 degrees
    [InlineData(6, 20, 0, 30, 10)] // stored lying on its left side, as phones do
    [InlineData(8, 10, 30, 0, 20)]
    public void Decode_ExifOrientation_TurnsTheImageUpright(byte orientation, params int[] corners)
    {
        // Four blocks of grey, 0 10 / 20 30, each large enough to survive JPEG.
        byte[] jpeg = TestImages.Encode(
            32,
            32,
            (x, y) =>
            {
                byte v = (byte)(x / 16 * 10 + y / 16 * 20);
                return new SKColor(v, v, v);
            },
            SKEncodedImageFormat.Jpeg
        );

        byte[] pixels = ImageDecoder.Decode(ExifFile.WithOrientation(jpeg, orientation), "phone.jpg", 32);

        int[] found = [pixels[8 * 32 + 8], pixels[8 * 32 + 24], pixels[24 * 32 + 8], pixels[24 * 32 + 24]];
        for (int i = 0; i < 4; i++)
            Assert.InRange(found[i], corners[i] - 2, corners[i] + 2);
    }

    [Fact]
    public void Decode_NotAnImage_NamesIt() =>
        DatasetErrors.Expect(
            () => ImageDecoder.Decode("hello"u8, "notes.jpg", 32),
            "notes.jpg is not a readable image",
            "5 bytes"
        );

    [Fact]
    public void Decode_Empty_NamesIt() =>
        DatasetErrors.Expect(() => ImageDecoder.Decode([], "empty.png", 32), "empty.png is an empty file");

    [Fact]
    public void Decode_CutInHalf_NamesIt()
    {
        byte[] jpeg = TestImages.Jpeg();

        DatasetErrors.Expect(
            () => ImageDecoder.Decode(jpeg.AsSpan(0, jpeg.Length / 2), "cut.jpg", 32),
            "cut.jpg is a damaged image: it ends before its last pixel"
        );
    }

    [Theory]
    [InlineData(20_000, 1)]
    [InlineData(1, 20_000)]
    public void Decode_SideBeyondTheLimit_NamesLimitAndSize(int width, int height) =>
        DatasetErrors.Expect(
            () => ImageDecoder.Decode(TestImages.Png(width, height, 0, 0, 0), "wide.png", 32),
            "wide.png",
            $"{width}x{height}",
            "16384 a side"
        );

    [Fact]
    public void Decode_AreaBeyondTheLimit_IsRefusedFromTheHeaderAlone()
    {
        byte[] png = TestImages.Png(4, 4, 0, 0, 0);
        PngHeader.SetSize(png, 16_000, 16_000);

        DatasetErrors.Expect(
            () => ImageDecoder.Decode(png, "bomb.png", 32),
            "bomb.png is 16000x16000 pixels",
            "67108864 in all"
        );
    }

    [Fact]
    public void Decode_EndlessStream_StopsAtTheLimit()
    {
        using var stream = new EndlessStream();

        DatasetErrors.Expect(
            () => ImageDecoder.Decode(stream, "endless", 32),
            "endless holds more than 67108864 bytes"
        );
    }
}
