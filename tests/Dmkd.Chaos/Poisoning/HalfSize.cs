using Dmkd.Data.Images;

namespace Dmkd.Chaos.Poisoning;

/// <summary>Brings images to half their height and width: every pixel is the rounded mean of four.</summary>
internal static class HalfSize
{
    private const int Side = 2,
        Area = Side * Side;

    /// <summary>Halves images; an odd last row or column is left out.</summary>
    public static ImageSet Of(ImageSet images)
    {
        int height = images.Height / Side,
            width = images.Width / Side;
        byte[] pixels = new byte[images.Count * images.Channels * height * width];
        for (int target = 0; target < pixels.Length; target++)
        {
            int x = target % width,
                y = target / width % height,
                plane = target / width / height;
            int first = (plane * images.Height + y * Side) * images.Width + x * Side;
            int below = first + images.Width;
            int sum = images.Pixels[first] + images.Pixels[first + 1] + images.Pixels[below] + images.Pixels[below + 1];
            pixels[target] = (byte)((sum + Area / 2) / Area);
        }

        return new ImageSet(pixels, images.Labels, images.Channels, height, width);
    }
}
