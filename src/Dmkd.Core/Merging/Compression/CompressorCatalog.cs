namespace Dmkd.Core.Merging.Compression;

/// <summary>The compressors by name.</summary>
public static class CompressorCatalog
{
    /// <summary>Updates go whole.</summary>
    public const string Dense = "dense";

    /// <summary>The proposal's compression: each node's best rank-r factors.</summary>
    public const string Svd = "svd";

    /// <summary>PowerSGD: two phases, one subspace for all nodes.</summary>
    public const string PowerSgd = "powersgd";

    /// <summary>Names of the compressors.</summary>
    public static IReadOnlyList<string> Names { get; } = [Dense, Svd, PowerSgd];

    /// <summary>The compressors, for settings.</summary>
    public static Registry Known { get; } = new("compressor", Names);

    /// <summary>Makes a compressor.</summary>
    /// <param name="settings">Name and options.</param>
    /// <param name="seed">Seeds the random projection of <c>svd</c>.</param>
    /// <param name="basis">The round's basis in the settings' format, which <c>powersgd</c> needs: it compresses in phase two. The others ignore it.</param>
    /// <exception cref="ArgumentException">The settings have a problem, or the basis is missing, of another rank or in another format.</exception>
    public static IDeltaCompressor Create(CompressionSettings settings, ulong seed, CompressedDelta? basis = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.FindProblem() is { } problem) throw new ArgumentException(problem, nameof(settings));
        IDeltaCompressor compressor = settings.Compressor switch
        {
            Svd => new SvdCompressor(settings.Rank, seed),
            PowerSgd => new PowerSgdCompressor(settings.Rank, BasisFor(settings, basis)),
            _ => new DenseCompressor(),
        };
        return settings.HalfPrecision ? new HalfPrecisionCompressor(compressor) : compressor;
    }

    private static CompressedDelta BasisFor(CompressionSettings settings, CompressedDelta? basis)
    {
        if (basis is null) throw new ArgumentException($"{PowerSgd} compresses in its second phase and needs the basis of the first.", nameof(basis));
        return basis.Tensors.FirstOrDefault(tensor => tensor.Format != settings.Format) is { } other
            ? throw new ArgumentException($"Tensor '{other.Name}' of the basis is in {other.Format}; the settings ask for {settings.Format}.", nameof(basis))
            : basis;
    }
}
