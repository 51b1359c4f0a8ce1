using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Wire;
using Orleans.Serialization;

namespace Dmkd.Grains.Wire;

/// <summary>Submissions in Orleans' own format.</summary>
internal sealed class SubmissionCodec(Serializer serializer) : ISubmissionCodec
{
    public byte[] Encode(DeltaSubmission submission) => serializer.SerializeToArray(submission);

    public DeltaSubmission Decode(byte[] content) => serializer.Deserialize<DeltaSubmission>(content)!;

    public byte[] EncodeTensors(TensorPayload[] tensors) => serializer.SerializeToArray(tensors);

    public TensorPayload[] DecodeTensors(byte[] content) => serializer.Deserialize<TensorPayload[]>(content)!;
}
