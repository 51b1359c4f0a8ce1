namespace Dmkd.Data;

/// <summary>Which dataset to load, and how much of it; equal specifications load equal bytes.</summary>
public sealed record DatasetSpec
{
    /// <summary>Ten classes of drawn objects; needs no files.</summary>
    internal const string Synthetic = "synthetic";

    /// <summary>A folder or zip file with <c>train/&lt;class&gt;/*</c> and <c>test/&lt;class&gt;/*</c>.</summary>
    internal const string Images = "images";

    /// <summary>The binary version of CIFAR-10.</summary>
    internal const string Cifar10 = "cifar10";

    /// <summary>The binary version of CIFAR-100, fine labels.</summary>
    internal const string Cifar100 = "cifar100";

    /// <summary>Gets the values that <see cref="Kind"/> may have.</summary>
    public static IReadOnlyList<string> Kinds { get; } = [Synthetic, Images, Cifar10, Cifar100];

    /// <summary>Gets the kind of the dataset, one of <see cref="Kinds"/>. Default: synthetic.</summary>
    public string Kind { get; init; } = Synthetic;

    /// <summary>Gets the folder or zip file to read; not used by the synthetic kind. Default: none.</summary>
    public string? Path { get; init; }

    /// <summary>
    /// Gets the training images to take from each class, at least 2; a class that has fewer gives all it has.
    /// Default: 400 for the synthetic kind, everything for the others.
    /// </summary>
    public int? TrainPerClass { get; init; }

    /// <summary>
    /// Gets the test images to take from each class, at least 1; a class that has fewer gives all it has.
    /// Default: 100 for the synthetic kind, everything for the others.
    /// </summary>
    public int? TestPerClass { get; init; }

    /// <summary>Gets the seed of the subsets and of the synthetic images. Default: 0.</summary>
    public int Seed { get; init; }

    /// <summary>
    /// Gets the height and width of the images, in pixels, in [8, 512]; the synthetic and CIFAR kinds have only 32. Default: 32.
    /// </summary>
    public int ImageSize { get; init; } = 32;
}
