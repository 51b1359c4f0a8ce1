namespace Dmkd.Core.Merging.Compression;

/// <summary>A matrix sent as factors; <see cref="MatrixShape"/> says what its rows and columns are.</summary>
/// <param name="Name">Name of the weight it updates.</param>
/// <param name="Shape">Shape of that weight, at least two axes.</param>
/// <param name="Rank">Inner size of the product, in [1, min(rows, columns)].</param>
public abstract record FactoredTensor(string Name, long[] Shape, int Rank) : CompressedTensor(Name, Shape);
