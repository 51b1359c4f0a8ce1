using System.Text.Json;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Wire;
using Dmkd.Grains.Wire;

namespace Dmkd.Chaos.Simulation;

/// <summary>Submissions of tallies as JSON.</summary>
internal sealed class TallyCodec : ISubmissionCodec
{
    public byte[] Encode(DeltaSubmission submission) => JsonSerializer.SerializeToUtf8Bytes(
        new Letter(submission with { Tensors = [] }, ((DenseTensorPayload)submission.Tensors[0]).Values));

    public DeltaSubmission Decode(byte[] content)
    {
        var letter = JsonSerializer.Deserialize<Letter>(content)!;
        return letter.Head with { Tensors = [new DenseTensorPayload { Name = "tally", Shape = [letter.Values.Length], Values = letter.Values }] };
    }

    public byte[] EncodeTensors(TensorPayload[] tensors) => ((DenseTensorPayload)tensors[0]).Values;

    public TensorPayload[] DecodeTensors(byte[] content) => [new DenseTensorPayload { Name = "tally", Shape = [content.Length], Values = content }];

    private sealed record Letter(DeltaSubmission Head, byte[] Values);
}
