namespace Dmkd.Core.Merging.Exchanges;

/// <summary>The exchanges by name, with what composes with each of them: half precision here, <see cref="ErrorFeedback"/> around.</summary>
public static class UpdateExchanges
{
    /// <summary>Largest rank.</summary>
    public const int MaxRank = 4096;

    private static readonly OrderedDictionary<string, Func<ExchangeOptions, IUpdateExchange>> Makers = new(StringComparer.Ordinal)
    {
        [DenseExchange.Name] = _ => new DenseExchange(),
        [SvdExchange.Name] = options => new SvdExchange(options.Rank),
        [PowerSgdExchange.Name] = options => new PowerSgdExchange(options.Rank, options.Format),
        [AlignedExchange.Name] = _ => new AlignedExchange(),
    };

    /// <summary>Names of the exchanges.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Makers.Keys];

    /// <summary>The exchanges that options choose: aligned replicas are asked for otherwise.</summary>
    public static Registry Known { get; } = new("compressor", Names.Where(name => name != AlignedExchange.Name));

    /// <summary>Makes an exchange.</summary>
    /// <param name="options">Name and options; rank 0 sends updates whole, whatever the name.</param>
    /// <exception cref="ArgumentException">There is no such exchange, or the rank is out of its range.</exception>
    public static IUpdateExchange Create(ExchangeOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!Makers.TryGetValue(options.Name, out var make))
            throw new ArgumentException($"There is no exchange '{options.Name}'; there are: {string.Join(", ", Names)}.", nameof(options));
        if (options.Rank is < 0 or > MaxRank)
            throw new ArgumentException($"The rank of {options.Name} must be in [0, {MaxRank}]; it is {options.Rank}.", nameof(options));
        var exchange = make(options);
        return options.HalfPrecision ? new HalfPrecisionExchange(exchange) : exchange;
    }
}

/// <summary>How a round's updates are exchanged.</summary>
/// <param name="Name">One of <see cref="UpdateExchanges.Names"/>.</param>
/// <param name="Rank">Rank of each matrix, the proposal's <c>r</c>, in [0, <see cref="UpdateExchanges.MaxRank"/>]; 0 sends updates whole.</param>
/// <param name="HalfPrecision">Whether values are sent as fp16.</param>
public sealed record ExchangeOptions(string Name, int Rank = 0, bool HalfPrecision = false)
{
    /// <summary>Format of the values that travel.</summary>
    public ValueFormat Format => HalfPrecision ? ValueFormat.Fp16 : ValueFormat.Fp32;
}
