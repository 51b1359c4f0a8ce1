using Dmkd.Contracts.Merging;
using Dmkd.Core.Merging.Exchanges;

namespace Dmkd.Grains.Merging;

/// <summary>The exchange that a round's options ask for: the only place that knows both.</summary>
internal static class ExchangeOfOptions
{
    public static IUpdateExchange Exchange(this MergeOptions options) =>
        UpdateExchanges.Create(new ExchangeOptions(options.Compressor, options.Rank, options.HalfPrecision));
}
