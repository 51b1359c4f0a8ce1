namespace Dmkd.Data;

/// <summary>A dataset of images with its fixed split; labels of both sets are positions in <paramref name="ClassNames"/>.</summary>
/// <param name="Name">What the data is, for reports: the kind and where it came from.</param>
/// <param name="ClassNames">Names of the classes, by label.</param>
/// <param name="Train">Images to learn from.</param>
/// <param name="Test">Images to evaluate on, never trained on.</param>
public sealed record ImageDataset(string Name, IReadOnlyList<string> ClassNames, ImageSet Train, ImageSet Test);
