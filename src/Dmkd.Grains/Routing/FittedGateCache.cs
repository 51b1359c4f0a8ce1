using Dmkd.Contracts.Routing;
using Dmkd.Grains.Caching;
using Dmkd.Grains.Storage;
using Microsoft.Extensions.Caching.Memory;

namespace Dmkd.Grains.Routing;

/// <summary>The newest parameters of each library's fitted gate, read once per silo, and again after a while in which nobody asked. Thread-safe.</summary>
internal sealed class FittedGateCache(IWeightStore weights, TimeProvider time) : IDisposable
{
    private readonly MemoryCache _known = IdleExpiry.CreateCache(time);

    public async Task<GateParameters> GetAsync(string library, FittedGate gate, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(library, out Known? known) && known!.Digest == gate.Parameters.Digest) return known.Parameters;
        var parameters = GateParameters.Decode(await weights.GetAsync(gate.Parameters.Digest, cancellationToken));
        _known.SetIdling(library, new Known(gate.Parameters.Digest, parameters), ExpertCache.LongestIdle);
        return parameters;
    }

    public void Dispose() => _known.Dispose();

    private sealed record Known(string Digest, GateParameters Parameters);
}
