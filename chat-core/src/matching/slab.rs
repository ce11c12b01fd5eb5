//! Things by small numbers, which are used again.

/// Things in one block of memory. Growing adds a block and moves nothing, so it holds up nobody.
const BLOCK: usize = 256;

/// Keeps things at numbers that stay theirs until they are taken out.
#[derive(Debug)]
pub(super) struct Slab<T> {
    blocks: Vec<Vec<Option<T>>>,
    free: Vec<u32>,
    len: usize,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { blocks: Vec::new(), free: Vec::new(), len: 0 }
    }
}

impl<T> Slab<T> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The number that the next thing gets.
    pub(super) fn next(&self) -> u32 {
        // A pool holds its tickets to far fewer than there are numbers; see `Pool::submit`.
        self.free.last().copied().unwrap_or(self.len as u32)
    }

    pub(super) fn insert(&mut self, thing: T) -> u32 {
        let at = self.next();
        self.len += 1;
        if self.free.pop().is_some() {
            self.blocks[at as usize / BLOCK][at as usize % BLOCK] = Some(thing);
            return at;
        }
        if (at as usize).is_multiple_of(BLOCK) {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        self.blocks[at as usize / BLOCK].push(Some(thing));
        at
    }

    pub(super) fn remove(&mut self, at: u32) -> Option<T> {
        let gone =
            self.blocks.get_mut(at as usize / BLOCK)?.get_mut(at as usize % BLOCK)?.take()?;
        self.free.push(at);
        self.len -= 1;
        Some(gone)
    }

    pub(super) fn get(&self, at: u32) -> Option<&T> {
        self.blocks.get(at as usize / BLOCK)?.get(at as usize % BLOCK)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, at: u32) -> Option<&mut T> {
        self.blocks.get_mut(at as usize / BLOCK)?.get_mut(at as usize % BLOCK)?.as_mut()
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let all = self.blocks.iter().flatten().enumerate();
        all.filter_map(|(at, thing)| Some((at as u32, thing.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stays_until_it_is_taken_out_and_is_then_used_again() {
        let mut slab = Slab::default();
        let count = 3 * BLOCK as u32 + 1;
        for i in 0..count {
            assert_eq!((slab.next(), slab.insert(i)), (i, i));
        }
        assert_eq!(slab.remove(BLOCK as u32), Some(BLOCK as u32));
        assert_eq!(
            (slab.remove(BLOCK as u32), slab.remove(count), slab.get(count)),
            (None, None, None)
        );
        assert_eq!(slab.insert(7), BLOCK as u32);
        assert_eq!((slab.get(BLOCK as u32), slab.len()), (Some(&7), count as usize));
        assert_eq!(slab.insert(8), count);
        assert_eq!(slab.iter().count(), slab.len());
    }
}
