namespace Dmkd.Data.Images;

/// <summary>Bounds that keep a hostile or damaged file from taking all memory.</summary>
internal static class ImageLimits
{
    /// <summary>Largest encoded image, in bytes: 64 MiB.</summary>
    public const int EncodedBytes = 64 << 20;

    /// <summary>Largest height or width, in pixels.</summary>
    public const int SidePixels = 16_384;

    /// <summary>Largest product of height and width, in pixels: decoding takes four bytes each.</summary>
    public const long AreaPixels = 64L << 20;
}
