using Dmkd.Core.Modules;

namespace Dmkd.Core.Merging.Compression;

/// <summary>
/// Makes an update small enough to send (proposal 3.4); <see cref="DenseCompressor"/> is the one that changes nothing.
/// Implementations hold no state between calls: equal updates give equal bytes. <see cref="CompressorCatalog"/> makes them by name.
/// </summary>
public interface IDeltaCompressor
{
    /// <summary>Short name for reports, such as <c>svd-r8</c>.</summary>
    string Name { get; }

    /// <summary>Compresses an update.</summary>
    /// <param name="delta">Finite values. Borrowed.</param>
    /// <returns>One entry per tensor, in the update's order; <see cref="DeltaDecompressor"/> gives the update back.</returns>
    /// <exception cref="ArgumentException">A value is not finite; the message names the tensor.</exception>
    CompressedDelta Compress(WeightSet delta);
}
