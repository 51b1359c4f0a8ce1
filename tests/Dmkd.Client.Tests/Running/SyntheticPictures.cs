using Dmkd.Data.Images;
using Dmkd.Data.Images.Synthetic;
using SkiaSharp;

namespace Dmkd.Client.Tests.Running;

/// <summary>Images of the synthetic data set as PNG files.</summary>
internal static class SyntheticPictures
{
    private static readonly ImageSet Images = SyntheticImages.Generate(trainPerClass: 1, testPerClass: 1, seed: 1).Test;

    /// <summary>A picture of a class.</summary>
    public static byte[] Png(int label)
    {
        var pixels = Images.Image(label);
        int size = Images.Height,
            plane = size * size;
        using var bitmap = new SKBitmap(new SKImageInfo(size, size, SKColorType.Rgba8888, SKAlphaType.Opaque));
        for (int i = 0; i < plane; i++)
            bitmap.SetPixel(i % size, i / size, new SKColor(pixels[i], pixels[plane + i], pixels[2 * plane + i]));
        using var data = bitmap.Encode(SKEncodedImageFormat.Png, quality: 100);
        return data.ToArray();
    }
}
