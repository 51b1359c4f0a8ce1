namespace Dmkd.Contracts.Settings.Images;

/// <summary>
/// Names that settings have had since all inputs were images. Options, experiment files and stored state keep them;
/// digests of experiment cells are made of them.
/// </summary>
internal static class ImageSettingNames
{
    /// <summary>Option for showing every example in all its views.</summary>
    public const string AllViewsOption = "all-rotations";

    /// <summary>Field for the same.</summary>
    public const string AllViewsField = "AllRotations";
}
