using Dmkd.Core.Modules;

namespace Dmkd.Core.Merging;

/// <summary>
/// Makes an update small enough to send (proposal 3.4). Implementations hold no state between calls: equal updates give equal bytes.
/// </summary>
public interface IDeltaCompressor
{
    /// <summary>Short name for reports, such as <c>svd-r8</c>.</summary>
    string Name { get; }

    /// <summary>Compresses an update.</summary>
    /// <param name="delta">Finite values. Borrowed.</param>
    /// <returns>One entry per tensor, in the update's order.</returns>
    /// <exception cref="ArgumentException">A value is not finite; the message names the tensor.</exception>
    CompressedDelta Compress(WeightSet delta);
}
