using System.Globalization;

namespace Dmkd.Client.Rendering;

/// <summary>What <c>convert</c> and <c>modules export</c> print. Field names are stable.</summary>
/// <param name="Output">Path of the file.</param>
/// <param name="Digest">Digest of the weights: of the file that holds them and no metadata, as the library names
/// them.</param>
/// <param name="Bytes">Size of the file.</param>
/// <param name="Tensors">Number of tensors in it.</param>
internal sealed record WrittenWeights(string Output, string Digest, long Bytes, int Tensors)
{
    /// <summary>Prints it as a line or as a document.</summary>
    public void Print(bool json)
    {
        if (json)
            JsonOutput.Write(this);
        else
            Console.Out.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Wrote {Output}: {Tensors} tensors, {Bytes:N0} bytes, weights {Digest}"
                )
            );
    }
}
