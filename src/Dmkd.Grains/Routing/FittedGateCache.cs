using System.Collections.Concurrent;
using Dmkd.Contracts.Routing;
using Dmkd.Grains.Storage;

namespace Dmkd.Grains.Routing;

/// <summary>The newest parameters of each library's fitted gate, read once per silo. Thread-safe.</summary>
internal sealed class FittedGateCache(IWeightStore weights)
{
    private readonly ConcurrentDictionary<string, (string Digest, GateParameters Parameters)> _known = new(StringComparer.Ordinal);

    public async Task<GateParameters> GetAsync(string library, FittedGate gate, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(library, out var known) && known.Digest == gate.Parameters.Digest) return known.Parameters;
        var parameters = GateParameters.Decode(await weights.GetAsync(gate.Parameters.Digest, cancellationToken));
        _known[library] = (gate.Parameters.Digest, parameters);
        return parameters;
    }
}
