using System.Buffers;
using System.Globalization;
using Orleans.Serialization;

namespace Dmkd.Hosting.Clustering;

/// <summary>
/// Holds calls of DMKD's grains and their results to the size of a message before they are sent: one that is larger
/// would end its connection, and everybody's calls on it.
/// </summary>
internal sealed class MessageSizes(Serializer serializer, MaxMessage limits)
    : IOutgoingGrainCallFilter,
        IIncomingGrainCallFilter
{
    public Task Invoke(IOutgoingGrainCallContext context)
    {
        if (!IsOwn(context))
            return context.Invoke();
        long bytes = 0;
        for (int i = 0; i < context.Request.GetArgumentCount(); i++)
            bytes += BytesOf(context.Request.GetArgument(i));
        Require(bytes, limits.CallBytes, context, "sends");
        return context.Invoke();
    }

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        await context.Invoke();
        if (IsOwn(context))
            Require(BytesOf(context.Result), limits.ResultBytes, context, "answers with");
    }

    /// <summary>Orleans' own calls may pass on what has no form on the wire.</summary>
    private static bool IsOwn(IGrainCallContext context) =>
        context.InterfaceMethod.DeclaringType?.Assembly == typeof(Dmkd.Contracts.Runs.ITrainingRunGrain).Assembly;

    private static void Require(long bytes, long limit, IGrainCallContext context, string does)
    {
        if (bytes <= limit)
            return;
        throw new MessageSizeException(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{context.InterfaceMethod.DeclaringType!.Name}.{context.InterfaceMethod.Name} {does} {bytes} bytes; "
                    + $"a message has at most {limit}. Ask for less at a time."
            )
        );
    }

    /// <summary>Bytes on the wire, nearly; those of small things do not count.</summary>
    private long BytesOf(object? value)
    {
        switch (value)
        {
            case null or CancellationToken or Enum or IAddressable:
                return 0;
            case byte[] bytes:
                return bytes.Length;
            case string text:
                return text.Length;
        }

        if (value.GetType().IsPrimitive)
            return sizeof(long);
        var counter = new ByteCounter();
        serializer.Serialize(value, counter);
        return counter.Count;
    }

    /// <summary>Counts what is written and keeps nothing of it.</summary>
    private sealed class ByteCounter : IBufferWriter<byte>
    {
        private byte[] _scratch = new byte[4096];

        public long Count { get; private set; }

        public void Advance(int count) => Count += count;

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            if (sizeHint > _scratch.Length)
                _scratch = new byte[sizeHint];
            return _scratch;
        }

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }
}
