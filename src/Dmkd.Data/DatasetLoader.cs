using System.Globalization;
using Dmkd.Data.Images;

namespace Dmkd.Data;

/// <summary>The one way to get a dataset: checks the specification, then asks the reader of its kind.</summary>
public static class DatasetLoader
{
    private const int MinImageSize = 8;
    private const int MaxImageSize = 512;

    /// <summary>Loads a dataset into memory; blocks, and decodes on all cores.</summary>
    /// <param name="spec">What to load.</param>
    /// <param name="progress">Told about every thousandth image or so, on any thread; null for silence.</param>
    /// <param name="ct">Stops the load between two images.</param>
    /// <returns>The dataset, owned by the caller.</returns>
    /// <exception cref="DatasetException">The specification or the data cannot be used.</exception>
    /// <exception cref="OperationCanceledException">The load was stopped.</exception>
    public static ImageDataset Load(
        DatasetSpec spec,
        IProgress<DatasetProgress>? progress = null,
        CancellationToken ct = default
    )
    {
        ArgumentNullException.ThrowIfNull(spec);
        ct.ThrowIfCancellationRequested();
        if (!DatasetSpec.Kinds.Contains(spec.Kind))
            throw new DatasetException(
                $"Kind '{spec.Kind}' is unknown; choose one of: {string.Join(", ", DatasetSpec.Kinds)}."
            );
        if (spec.ImageSize is < MinImageSize or > MaxImageSize)
            throw new DatasetException(
                $"{nameof(DatasetSpec.ImageSize)} must be in [{MinImageSize}, {MaxImageSize}] pixels; it is {spec.ImageSize}."
            );
        if (spec.Holdout is { } share && share is not (> 0 and < 1))
            throw new DatasetException($"{nameof(DatasetSpec.Holdout)} must be in (0, 1); it is {Invariant(share)}.");
        if (spec.Holdout is not null && spec.Kind != DatasetSpec.Images)
            throw new DatasetException(
                $"Kind '{spec.Kind}' has test images of its own; --holdout is for data without. Leave it out."
            );
        var dataset = DatasetSpec.Readers.Find(spec.Kind)(spec, progress, ct);
        return ClassOrder.Apply(dataset, spec);
    }

    private static string Invariant(double number) => number.ToString("R", CultureInfo.InvariantCulture);
}
