using Dmkd.Core.Checkpoints;
using Dmkd.Core.Modules;

namespace Dmkd.Experiments.Methods.Decentralized;

/// <summary>Counts what nodes exchange: serialized safetensors of fp32.</summary>
internal sealed class Traffic
{
    /// <summary>Bytes that nodes sent.</summary>
    public long Up { get; private set; }

    /// <summary>Bytes that nodes fetched.</summary>
    public long Down { get; private set; }

    /// <summary>What they sent, as bare fp32 values.</summary>
    public long Dense { get; private set; }

    /// <summary>Serializes and counts.</summary>
    /// <param name="weights">Borrowed.</param>
    /// <param name="sent">How often it is sent.</param>
    /// <param name="fetched">How often it is fetched.</param>
    /// <returns>The bytes.</returns>
    public byte[] Send(WeightSet weights, int sent, int fetched)
    {
        byte[] bytes = WeightCodec.Encode(weights);
        Up += (long)bytes.Length * sent;
        Down += (long)bytes.Length * fetched;
        Dense += weights.DenseBytes * sent;
        return bytes;
    }
}
